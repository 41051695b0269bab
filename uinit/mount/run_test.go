package mount

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

// What a row asks for before it is mounted, in order, and what it says that it waits for meanwhile. Devices are plain files here, so
// that the kernel refuses them in the end.
func TestRunAsksFor(t *testing.T) {
	dir := ownDev(t)
	if dir == "" {
		return
	}
	if err := errors.Join(os.MkdirAll("/dev/group", 0o755), os.WriteFile("/dev/disk", make([]byte, 4096), 0o600)); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	for name, tt := range map[string]struct {
		row    spec.Mount
		refuse string
		want   []string
		err    error
	}{
		"what is no device":             {spec.Mount{Source: "tmpfs", Type: "tmpfs"}, "", []string{"load fs-tmpfs"}, nil},
		"a bind":                        {spec.Mount{Source: "/dev/group", Options: []string{"bind"}}, "", []string{"alone /dev/group"}, nil},
		"a bind of a device's name":     {spec.Mount{Source: "/dev/group", Type: "none", Options: []string{"bind"}}, "", []string{"alone /dev/group", "load fs-none"}, nil},
		"a device":                      {spec.Mount{Source: "/dev/disk", Type: "xfs"}, "", []string{"wait: no /dev/disk", "alone /dev/disk", "load fs-xfs"}, unix.ENOTBLK},
		"one that is never there":       {spec.Mount{Source: "/dev/none", Type: "xfs"}, "wait", []string{"wait: no /dev/none"}, no},
		"a member":                      {spec.Mount{Source: "/dev/disk", Type: "xfs"}, "alone", []string{"wait: no /dev/disk", "alone /dev/disk"}, no},
		"one that is made":              {spec.Mount{Source: "/dev/disk", Type: "xfs", Create: true}, "", []string{"wait: no /dev/disk", "alone /dev/disk", "format mount TARGET /dev/disk: the making of a file system on /dev/disk", "load fs-xfs"}, unix.ENOTBLK},
		"one that can't be made":        {spec.Mount{Source: "/dev/disk", Type: "xfs", Create: true}, "format", []string{"wait: no /dev/disk", "alone /dev/disk", "format mount TARGET /dev/disk: the making of a file system on /dev/disk"}, no},
		"a volume":                      {spec.Mount{Source: "lvm:group/volume", Type: "xfs"}, "", []string{"wait: no /dev/group/volume", "activate group", "alone /dev/group/volume", "load fs-xfs"}, unix.ENOTBLK},
		"a group that lacks a disk":     {spec.Mount{Source: "lvm:group/volume", Type: "xfs"}, "activate", []string{"wait: no /dev/group/volume", "activate group", "says no", "activate group", "alone /dev/group/volume", "load fs-xfs"}, unix.ENOTBLK},
		"a file system that is damaged": {spec.Mount{Source: "/dev/disk", Type: "ext4"}, "", []string{"wait: no /dev/disk", "alone /dev/disk"}, errAny},
		"one that nobody may check":     {spec.Mount{Source: "/dev/disk", Type: "ext4", Options: []string{"ro"}}, "", []string{"wait: no /dev/disk", "alone /dev/disk", "load fs-ext4"}, unix.ENOTBLK},
	} {
		if tt.refuse == "activate" || name == "a volume" {
			_ = os.Remove("/dev/group/volume")
		}
		var rows []string
		var m *Mount
		note := func(what, row string) error {
			if rows = append(rows, row); what == tt.refuse {
				return no
			}
			return nil
		}
		tries := 0
		m = mounter(dir, name, tt.row, Deps{
			Sys:        fstest.MapFS{},
			Alone:      func(device string) error { return note("alone", "alone "+device) },
			LoadModule: func(module string) error { return note("load", "load "+module) },
			Format: func(_ context.Context, who, device string) error {
				return note("format", "format "+strings.Replace(who, m.target, "TARGET", 1)+" "+device+": "+m.Waiting())
			},
			Activate: func(_ context.Context, group string) error {
				if tries++; tries == 1 && tt.refuse == "activate" {
					return note("activate", "activate "+group)
				}
				rows = append(rows, "activate "+group)
				return os.WriteFile("/dev/group/volume", make([]byte, 4096), 0o600)
			},
			Wait: func(_ context.Context, ready func() (bool, error)) error {
				rows = append(rows, "wait: "+m.Waiting())
				for range 2 {
					if ok, err := ready(); ok || err != nil {
						return err
					}
					if tt.refuse == "activate" {
						rows = append(rows, "says "+m.Waiting())
					}
				}
				return no
			},
		})
		if m.Waiting() != "" {
			t.Errorf("%s: it waits for %q before it begins", name, m.Waiting())
		}
		err := m.Run(t.Context())
		if !slices.Equal(rows, tt.want) || (err == nil) != (tt.err == nil) || tt.err != errAny && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, rows, tt.want)
		}
		if at := strings.TrimPrefix(tt.row.Source, "lvm:"); (tt.err == nil || tt.err == unix.ENOTBLK) && m.Waiting() != "mount(2) of "+at && m.Waiting() != "mount(2) of /dev/"+at {
			t.Errorf("%s: in the end it waits for %q", name, m.Waiting())
		}
		if mounted := count(t, m.target) == 1; mounted != (tt.err == nil) {
			t.Errorf("%s: mounted %v", name, mounted)
		}
		if tt.err == nil { // a second start finds the work of the first
			rows = nil
			if err := m.Run(t.Context()); err != nil || rows != nil || count(t, m.target) != 1 {
				t.Errorf("%s, again: %v, %q", name, err, rows)
			}
		}
	}
}

// errAny stands for an error that only a person reads.
var errAny = errors.New("any")

// The steps of the way down, and that of a row.
func TestFeature(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	target := filepath.Join(dir, "target")
	lent := featuretest.Deps(t, spec.Machine{Mount: map[string]spec.Mount{target: {Source: t.TempDir(), Options: []string{"bind"}}}})
	lent.Kmod = &kmod.Loader{}
	f := &mounts{Deps: lent}
	if err := f.Step("mount:" + target).Run(t.Context()); err != nil || count(t, target) != 1 {
		t.Errorf("%v, mounted %d times", err, count(t, target))
	}
	if got := f.Step("mount:" + target).Waiting(); got != "" {
		t.Errorf("it waits for %q", got)
	}
	stops := f.Stops()
	if len(stops) != 2 || stops[0].Phase != feature.FileSystems || stops[0].Limit != 10*time.Second || stops[1].Phase != feature.Volumes || stops[1].Limit != 5*time.Second {
		t.Errorf("%+v", stops)
	}
	if err := stops[1].Do(t.Context()); err != nil {
		t.Errorf("no volumes: %v", err)
	}
	// Who would make a file system may not be there; what is made already needs nobody.
	file := fileSystemOf(t, "mke2fs", "-q", "-t", "ext4")
	m := New("/srv", spec.Mount{}, Deps{})
	if err := m.format(t.Context(), file); err != nil {
		t.Errorf("what is made: %v", err)
	}
	if err := errors.Join(os.Truncate(file, 0), os.Truncate(file, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := m.format(t.Context(), file); err == nil {
		t.Error("nobody makes it, and that is no error")
	}
	if err := m.format(t.Context(), file+"none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	mounted, err := Mounts()
	if err != nil || mounted.At(target) == nil {
		t.Errorf("%v, %v", mounted, err)
	}
}

// Members that answer are told of while others are waited for.
func TestWaitingTellsOfMembers(t *testing.T) {
	sys := fstest.MapFS{"class/block/vda1/size": {Data: []byte("8\n")}, "class/block/vda1/partition": {Data: []byte("1\n")}, "class/block/vda1/holders": {Mode: os.ModeDir}, "class/block/vda1/uevent": {Data: []byte("PARTNAME=state\n")}}
	m := New("/srv", spec.Mount{Source: "PARTLABEL=state"}, Deps{Sys: sys, Alone: func(string) error { return errors.New("a member\nof data") }})
	if device, err := m.find(ParseSource("PARTLABEL=state")); device != "" || err != nil || m.Waiting() != "no partition labelled state: a member; of data" {
		t.Errorf("%q, %v, waits for %q", device, err, m.Waiting())
	}
}
