package plan

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// mountable adds what mounting a squashfs takes to the small world: loop as a file, squashfs built in.
func mountable(t *testing.T) Inputs {
	t.Helper()
	in := inputs(t)
	made := kmod.Index{Release: in.Modules.Release, Dir: in.Modules.Dir, Modules: append(slices.Clone(in.Modules.Modules),
		kmod.Module{Name: "loop", Path: "kernel/drivers/block/loop.ko", Size: 70},
		kmod.Module{Name: "squashfs", Path: "kernel/fs/squashfs/squashfs.ko", Builtin: true})}
	text, err := made.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	in.Modules = new(kmod.Index)
	if err := in.Modules.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{
		{Path: "bin/probe", Mode: 0o755, Size: 4, From: tree.Source{Store: "overlay", Name: "site", Path: "bin/probe", SHA256: "p"}}}}}
	return in
}

func TestUsrIsASquashfs(t *testing.T) {
	p, err := Make(load(t, box), mountable(t))
	if err != nil {
		t.Fatal(err)
	}
	home := map[string]string{}
	for _, s := range p.Segments {
		if s.Squashfs != (s.Name == usrSegment) {
			t.Errorf("segment %s: a squashfs is %v", s.Name, s.Squashfs)
		}
		for _, f := range s.Files {
			if f.Mode&fs.ModeDir == 0 {
				home[f.Path] = s.Name
			}
		}
	}
	for path, want := range map[string]string{
		"usr/bin/bb": usrSegment, "usr/sbin/nft": usrSegment, "usr/bin/uinitctl": usrSegment, "usr/sbin/modprobe": usrSegment,
		"usr/lib/modules/6.1.0-9-test/kernel/fs/ext4/ext4.ko": usrSegment, "usr/lib/modules/6.1.0-9-test/modules.dep": usrSegment,
		"early/kernel/drivers/block/loop.ko": "uinit", "early/modules.dep": "uinit", "init": "uinit",
		// What changes with the profile does not make the file system anew.
		"usr/bin/probe": "config", "etc/shadow": "config",
	} {
		if home[path] != want {
			t.Errorf("%s is in segment %q, want %q", path, home[path], want)
		}
	}
	if first, second := p.Segments[0].Name, p.Segments[1].Name; first != "uinit" || second != "config" {
		t.Errorf("%s and %s come first, where memory may end", first, second)
	}
}

func TestUsrAsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		text     string
		in       func(*testing.T) Inputs
		squashed bool
		key      string
	}{
		"by default":                   {"", mountable, true, ""},
		"by default, the kernel can't": {"", inputs, false, ""},
		"asked for":                    {`usr = "squashfs"`, mountable, true, ""},
		"asked for, the kernel can't":  {`usr = "squashfs"`, inputs, false, "image.usr"},
		"unpacked":                     {`usr = "unpacked"`, mountable, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Make(load(t, box+"[image]\n"+tt.text+"\n"), tt.in(t))
			var problems profile.Problems
			if errors.As(err, &problems); (tt.key != "") != (err != nil) || tt.key != "" && (len(problems) != 1 || problems[0].Key != tt.key || problems[0].Pos.Line == 0) {
				t.Fatalf("got %v, want a problem with %q", err, tt.key)
			}
			if err == nil && p.Squashed() != tt.squashed {
				t.Errorf("a squashfs: %v, want %v", p.Squashed(), tt.squashed)
			}
		})
	}
}
