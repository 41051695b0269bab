package array

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/imgbuild/imgbuild/internal/alone"
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
	for file, text := range map[string]string{"size": "16384", "diskseq": name, "queue/iostats": "1", "stat": "5 0 40 2 0 0 0 0 0 3 3 0 0 0 0 0 0"} {
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
	if at <= 4096 && at+int64(len(p)) >= 8192 {
		copy(p[4096-at:], d.super)
	}
	return len(p), nil
}

// superblock is that of a member of an array of three with parity (struct mdp_superblock_1 in md_p.h).
func superblock(array, slot int) []byte {
	b, le := make([]byte, 4096), binary.LittleEndian
	le.PutUint32(b, 0xa92b4efc)
	le.PutUint32(b[4:], 1)
	b[16], b[17] = 1, byte(array)
	copy(b[32:64], fmt.Sprintf("box:a%d", array))
	for at, v := range map[int]uint32{72: 5, 92: 3, 160: uint32(slot), 220: 3} {
		le.PutUint32(b[at:], v)
	}
	for at, v := range map[int]uint64{128: 2048, 136: 4096, 144: 8, 152: math.MaxUint64, 200: 20, 208: math.MaxUint64} {
		le.PutUint64(b[at:], v)
	}
	le.PutUint16(b[258:], 1)
	le.PutUint16(b[260:], 2)
	sum := uint64(le.Uint16(b[260:]))
	for at := 0; at < 260; at += 4 {
		sum += uint64(le.Uint32(b[at:]))
	}
	le.PutUint32(b[216:], uint32(sum)+uint32(sum>>32))
	return b
}

// Each disk is read when it comes up, and not by each row each time that another one does.
func TestManyDisks(t *testing.T) {
	const rows, disks = 29, 88
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
	for row := range rows {
		m.Array[fmt.Sprintf("a%d", row)] = spec.Array{Level: "raid5", StartDegradedAfter: &patience}
	}
	var names []string
	for i := range disks {
		name := fmt.Sprintf("sd%02d", i)
		names = append(names, name)
		if i < 3*rows { // the members of an array do not stand side by side
			s.supers[name] = superblock(i%rows, i/rows)
		}
	}
	a := newArrays(featuretest.Deps(t, m), system{sys: fs.FS(sys), kernel: s, name: func(string, string) error { return nil }, drop: func(string) ([]string, error) { return nil, nil }})
	var all sync.WaitGroup
	s.started.Add(rows)
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
	if opened := s.opened.Load(); opened > disks {
		t.Errorf("%d disks were opened %d times by %d rows", disks, opened, rows)
	}
}
