package segments

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
)

var epoch = time.Unix(1767225600, 0).UTC()

func stored(path, text string) tree.File {
	return tree.File{Path: path, Mode: 0o644, Size: int64(len(text)), From: tree.Source{Store: "file", Path: path, Host: "/some/where", SHA256: text}}
}

// Where a file lies on this machine and why it is in the image makes no other segment; all that its bytes come of does.
func TestKey(t *testing.T) {
	type state struct {
		packer Packer
		plan   plan.Plan
		file   tree.File
	}
	key := func(change func(*state)) string {
		s := state{Packer{Epoch: epoch}, plan.Plan{Compression: profile.Zstd}, stored("etc/motd", "hello")}
		change(&s)
		return s.packer.Key(&s.plan, plan.Segment{Files: []tree.File{s.file}})
	}
	same := key(func(*state) {})
	for name, c := range map[string]struct {
		change func(*state)
		same   bool
	}{
		"host":        {func(s *state) { s.file.From.Host = "/else/where" }, true},
		"name":        {func(s *state) { s.file.From.Name = "other" }, true},
		"why":         {func(s *state) { s.file.Why = "asked for" }, true},
		"content":     {func(s *state) { s.file.From.SHA256 = "hullo" }, false},
		"body":        {func(s *state) { s.file.From, s.file.Body = tree.Source{}, []byte("hello") }, false},
		"mode":        {func(s *state) { s.file.Mode = 0o600 }, false},
		"owner":       {func(s *state) { s.file.UID = 1 }, false},
		"link":        {func(s *state) { s.file.Link = "x" }, false},
		"path":        {func(s *state) { s.file.Path = "etc/issue" }, false},
		"compression": {func(s *state) { s.plan.Compression = profile.XZ }, false},
		"epoch":       {func(s *state) { s.packer.Epoch = epoch.Add(time.Second) }, false},
	} {
		if got := key(c.change); (got == same) != c.same {
			t.Errorf("%s: the same key %v, want %v", name, got == same, c.same)
		}
	}
}

// Of the tools only those count that a squashfs is made by.
func TestUsrKey(t *testing.T) {
	key := func(tools ...deb.Package) string {
		return Packer{Epoch: epoch, Tools: tools}.usrKey(&plan.Plan{}, plan.Segment{})
	}
	maker := deb.Package{Name: Tools, SHA256: "1"}
	if key(maker) != key(maker, deb.Package{Name: "grub-common", SHA256: "2"}) {
		t.Error("GRUB changes /usr")
	}
	for _, other := range []deb.Package{{Name: Tools, SHA256: "2"}, {Name: "libzstd1", SHA256: "1"}, {Name: "zlib1g", SHA256: "1"}, {Name: "liblzma5", SHA256: "1"}} {
		if key(maker) == key(maker, other) {
			t.Errorf("%s %s changes nothing", other.Name, other.SHA256)
		}
	}
}

// An initramfs is its segments in their order. What is stable is packed once, and the rest leaves nothing in the cache.
func TestPack(t *testing.T) {
	c, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Compression: profile.Zstd, Segments: []plan.Segment{
		{Name: "commands", Stable: true, Files: []tree.File{stored("usr/bin/true", "a program")}},
		{Name: "config", Files: []tree.File{{Path: "etc/motd", Mode: 0o644, Size: 5, Body: []byte("hello")}, stored("etc/key", "secret")}},
	}}
	var opened []string
	k := Packer{Cache: c, Progress: progress.Discard, Epoch: epoch, Open: func(f tree.File) (io.ReadCloser, error) {
		opened = append(opened, f.Path)
		return io.NopCloser(strings.NewReader(f.From.SHA256)), nil
	}}
	var made [2]bytes.Buffer
	for i, want := range [][]string{{"etc/key", "usr/bin/true"}, {"etc/key"}} {
		opened = nil
		packed, err := k.Pack(t.Context(), p, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if slices.Sort(opened); !slices.Equal(opened, want) {
			t.Errorf("time %d: opened %v, want %v", i, opened, want)
		}
		if err := Write(&made[i], packed); err != nil {
			t.Fatal(err)
		}
		if size := packed[0].Size + packed[1].Size; size != int64(made[i].Len()) {
			t.Errorf("sizes of %d bytes, wrote %d", size, made[i].Len())
		}
	}
	if !bytes.Equal(made[0].Bytes(), made[1].Bytes()) {
		t.Error("packed twice, it is another")
	}
	r := cpio.NewReader(&made[0], 1<<20)
	defer r.Close()
	var got []string
	for {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if entry.Path != "." {
			got = append(got, entry.Path+": "+string(body))
		}
	}
	if want := []string{"usr/bin/true: a program", "etc/key: secret", "etc/motd: hello"}; !slices.Equal(got, want) {
		t.Errorf("holds %q, want %q", got, want)
	}
	if items, err := c.List(); err != nil || len(items) != 1 || items[0].Kind != "segment" || items[0].Key != k.Key(p, p.Segments[0]) {
		t.Errorf("the cache holds %v, %v", items, err)
	}
}

// Nothing is opened for a build that was called off, and what cannot be read names its segment.
func TestPackFails(t *testing.T) {
	p := &plan.Plan{Compression: profile.None, Segments: []plan.Segment{{Name: "config", Files: []tree.File{stored("etc/key", "secret")}}}}
	k := Packer{Progress: progress.Discard, Epoch: epoch, Open: func(tree.File) (io.ReadCloser, error) { return nil, os.ErrPermission }}
	if _, err := k.Pack(t.Context(), p, t.TempDir()); !errors.Is(err, os.ErrPermission) || !strings.HasPrefix(err.Error(), "packing config: ") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Pack(ctx, p, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}
