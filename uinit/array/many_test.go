package array

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/shelftest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// shelf is a machine whose disks come up one after the other.
type shelf struct {
	md.System
	t       *testing.T
	root    string
	supers  map[string][]byte
	opened  atomic.Int64
	started sync.WaitGroup
}

func (s *shelf) Start(context.Context, md.Op) error {
	s.started.Done()
	return nil
}

// plug adds a disk with the superblock of a member, and counts who opens it.
func (s *shelf) plug(name string) {
	dir := filepath.Join(s.root, "devices", name)
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "bdi"), 0o755), os.MkdirAll(filepath.Join(dir, "device"), 0o755), os.MkdirAll(filepath.Join(dir, "queue"), 0o755))
	for file, text := range map[string]string{"size": strconv.Itoa(shelftest.Sectors), "diskseq": name, "queue/iostats": "1", "stat": "5 0 40 2 0 0 0 0 0 3 3 0 0 0 0 0 0"} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, file), []byte(text+"\n"), 0o600))
	}
	if err := errors.Join(err, os.Symlink("../../devices/"+name, filepath.Join(s.root, "class/block", name))); err != nil {
		s.t.Fatal(err)
	}
}

// device is a disk of zeros but for a superblock.
type device struct{ super []byte }

func (d device) Close() error { return nil }

func (d device) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at <= shelftest.At && at+int64(len(p)) >= shelftest.At+4096 {
		copy(p[shelftest.At-at:], d.super)
	}
	return len(p), nil
}

// Each disk is read when it comes up, and not by each row each time that another one does.
func TestManyDisks(t *testing.T) {
	s := &shelf{t: t, root: t.TempDir(), supers: map[string][]byte{}}
	for _, dir := range []string{"class/block", "devices"} {
		if err := os.MkdirAll(filepath.Join(s.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sys := os.DirFS(s.root)
	s.System = md.System{Sys: sys, Seen: &alone.Memo[md.Seen]{}, Disks: &alone.Disks{Sys: sys, Open: func(name string) (alone.Device, error) {
		s.opened.Add(1)
		return device{s.supers[name]}, nil
	}}}
	patience := spec.Duration(1 << 62)
	m := spec.Machine{Hostname: "box", Array: map[string]spec.Array{}}
	for row := range shelftest.Arrays {
		m.Array[shelftest.Name(row)] = spec.Array{Level: "raid1", StartDegradedAfter: &patience}
	}
	var names []string
	for i := range shelftest.Disks {
		name := fmt.Sprintf("sd%02d", i)
		names, s.supers[name] = append(names, name), shelftest.Superblock(i)
	}
	a := newArrays(featuretest.Deps(t, m), system{sys: fs.FS(sys), kernel: s, name: func(string, string) error { return nil }, drop: func(string) ([]string, error) { return nil, nil }})
	var all sync.WaitGroup
	s.started.Add(shelftest.Arrays)
	for name := range m.Array {
		all.Go(func() {
			if err := a.Step("array:" + name).Run(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for _, name := range names {
		s.plug(name)
		a.Events.Send(came(name)[0])
	}
	s.started.Wait()
	all.Wait()
	if opened := s.opened.Load(); opened > shelftest.Disks {
		t.Errorf("%d disks were opened %d times by %d rows", shelftest.Disks, opened, shelftest.Arrays)
	}
}
