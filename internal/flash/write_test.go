package flash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/signature"
)

// memory is a disk that fails as told and keeps a log.
type memory struct {
	b []byte
	// failAt makes writes that reach so far fail with err; 0 never.
	failAt int64
	err    error
	// lie is a byte that reads back wrongly; 0 none.
	lie int64
	// first holds the disk's start as it was when the last write elsewhere was done.
	first  []byte
	synced bool
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if m.failAt > 0 && at+int64(len(p)) > m.failAt && at < m.failAt+chunk {
		return 0, m.err
	}
	if at > 0 {
		m.first = bytes.Clone(m.b[:100])
	}
	m.synced = false
	return copy(m.b[at:], p), nil
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	n := copy(p, m.b[at:])
	if m.lie >= at && m.lie < at+int64(n) && m.lie > 0 {
		p[m.lie-at] ^= 0x80
	}
	return n, nil
}

func (m *memory) Sync() error   { m.synced = true; return nil }
func (m *memory) Forget() error { return nil }

// used is a disk that held something else before.
func used(size int64) *memory {
	return &memory{b: bytes.Repeat([]byte("old content "), int(size/12)+1)[:size]}
}

func plan(t *testing.T, size int64) *Plan {
	t.Helper()
	p, err := Make(bytes.NewReader(sample(t)), size)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWriteAndVerify(t *testing.T) {
	image := sample(t)
	for _, more := range []int64{0, 512, 9 << 20} {
		p := plan(t, int64(len(image))+more)
		d := used(p.DiskSize)
		if err := errors.Join(Write(t.Context(), d, p, "disk", progress.Discard), Verify(t.Context(), d, p, "disk", progress.Discard)); err != nil {
			t.Fatal(err)
		}
		if !d.synced {
			t.Error("the last write was not followed by a sync")
		}
		if !bytes.Equal(d.first, make([]byte, 100)) {
			t.Errorf("before the last write the disk began with %q", d.first)
		}
		want := written(t, p)
		if between := p.tailOffset(); between > int64(len(image)) { // what lies there is nobody's business
			copy(want[len(image):between], d.b[len(image):])
		}
		if !bytes.Equal(d.b, want) {
			t.Errorf("%d more: the disk is not as planned", more)
		}
		for _, lie := range []int64{1, 5<<20 + 17, p.DiskSize - 600} {
			d.lie = lie
			var mismatch *MismatchError
			if err := Verify(t.Context(), d, p, "disk", progress.Discard); !errors.As(err, &mismatch) || mismatch.Offset != lie {
				t.Errorf("byte %d differs: %v", lie, err)
			}
		}
	}
}

func TestShortImageHasOneChunk(t *testing.T) {
	image := bytes.Repeat([]byte("x"), 1000) // not even whole sectors
	p, err := Make(bytes.NewReader(image), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	d := used(1 << 20)
	if err := errors.Join(Write(t.Context(), d, p, "disk", progress.Discard), Verify(t.Context(), d, p, "disk", progress.Discard)); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(d.b, image) || !bytes.Equal(d.b[1000:1005], []byte("old content ")[1000%12:][:5]) {
		t.Errorf("%q", d.b[990:1010])
	}
}

func TestFailures(t *testing.T) {
	const size = 20 << 20
	for name, c := range map[string]struct {
		fail int64
		err  error
		want string
	}{
		"at the start":  {1, unix.EIO, "clearing its start: input/output error (it is broken, or was unplugged); 0 of "},
		"in the middle": {9 << 20, unix.ENODEV, "writing at byte 8388608: no such device (it was unplugged); 4194304 of "},
		"at the end":    {size - 1, unix.ENOSPC, "writing the disk's end: no space left on device; 0 of "},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, size)
			d := used(size)
			d.failAt, d.err = c.fail, c.err
			err := Write(t.Context(), d, p, "/dev/sdb", progress.Discard)
			var state *StateError
			if !errors.As(err, &state) || !errors.Is(err, c.err) || !strings.HasPrefix(err.Error(), c.want) || !state.Begun || state.Complete {
				t.Errorf("got %v, want %s...", err, c.want)
			}
			if name != "at the start" && !bytes.Equal(d.b[:chunk], make([]byte, chunk)) {
				t.Error("an incomplete disk could start")
			}
		})
	}
}

// cancelling ends a context after so many bytes of the image were read.
type cancelling struct {
	*bytes.Reader
	at     int64
	cancel context.CancelFunc
}

func (c cancelling) ReadAt(p []byte, at int64) (int, error) {
	if at >= c.at {
		c.cancel()
	}
	return c.Reader.ReadAt(p, at)
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := plan(t, 20<<20)
	p.Image = cancelling{bytes.NewReader(sample(t)), 8 << 20, cancel}
	d := used(20 << 20)
	err := Write(ctx, d, p, "/dev/sdb", progress.Discard)
	var state *StateError
	if !errors.As(err, &state) || !state.Begun || state.Complete || state.Written > 8<<20 || !strings.HasPrefix(err.Error(), "interrupted; ") {
		t.Errorf("%v", err)
	}
	if !bytes.Equal(d.b[:chunk], make([]byte, chunk)) {
		t.Error("an incomplete disk could start")
	}
	d = used(20 << 20)
	before := bytes.Clone(d.b)
	if err := Write(ctx, d, p, "/dev/sdb", progress.Discard); err == nil || !strings.Contains(err.Error(), "nothing was written: /dev/sdb is as it was") || !bytes.Equal(d.b, before) {
		t.Errorf("interrupted before its start: %v", err)
	}
	if err := Verify(ctx, d, p, "/dev/sdb", progress.Discard); err == nil || !strings.Contains(err.Error(), "bytes were written to /dev/sdb, but not all of them compared") {
		t.Errorf("interrupted while comparing: %v", err)
	}
}

func TestShrunkenImage(t *testing.T) {
	p := plan(t, 20<<20)
	p.Image = limited{bytes.NewReader(sample(t)[:6<<20]), 9 << 20}
	err := Write(t.Context(), used(20<<20), p, "disk", progress.Discard)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "reading the image at byte 4194304") {
		t.Error(err)
	}
}

func TestPlainFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, used(15<<20).b, 0o666); err != nil {
		t.Fatal(err)
	}
	onDisk(t, path)
}

// A full file system under a plain file is told by the file's name, not by how we opened it.
func TestErrorsNameTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, make([]byte, 8192), 0o444); err != nil {
		t.Fatal(err)
	}
	f := &File{size: 8192}
	var err error
	if f.buffered, err = os.Open(path); err != nil { // for reading only: any write fails
		t.Fatal(err)
	}
	if f.direct, err = os.Open("/proc/self/fd/" + strconv.Itoa(int(f.buffered.Fd()))); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	free, release, err := buffers(1)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := f.WriteAt((<-free)[:4096], 0); err == nil || err.Error() != "write "+path+": bad file descriptor" {
		t.Error(err)
	}
}

func TestLoopDevice(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("loop devices need root")
	}
	backing := filepath.Join(t.TempDir(), "backing")
	if err := os.WriteFile(backing, used(15<<20).b, 0o666); err != nil {
		t.Fatal(err)
	}
	path := needed.Loop(t, backing, "--partscan")
	onDisk(t, path)

	// The kernel knows the new partitions.
	s := System{os.DirFS("/sys"), os.DirFS("/proc")}
	d, _, err := s.Find(numberOf(t, path))
	if err != nil || len(d.Parts) != 3 && len(d.Parts) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	if len(d.Parts) == 0 {
		t.Log("this kernel knows no partitions of the GPT kind")
	}
	// Nobody else gets at a disk that we have.
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var refused *RefusedError
	if other, err := OpenFile(path); !errors.As(err, &refused) {
		other.Close()
		t.Errorf("a disk in use was opened: %v", err)
	}
}

func numberOf(t *testing.T, path string) string {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev))
}

// onDisk writes the sample to a real disk or file, and compares with cmp's eyes.
func onDisk(t *testing.T, path string) {
	t.Helper()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t, f.Size())
	err = errors.Join(Write(t.Context(), f, p, path, progress.Discard), Verify(t.Context(), f, p, path, progress.Discard), f.Rescan(), f.Close())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := written(t, p)
	n := p.Image.Size()
	if !bytes.Equal(got[:n], want[:n]) || !bytes.Equal(got[p.tailOffset():], want[p.tailOffset():]) {
		t.Error("the disk is not as planned")
	}
}

func TestRefuseMember(t *testing.T) {
	// A member in a partition keeps the disk.
	disk := append(sample(t), make([]byte, 1<<20)...)
	refused := func() error {
		all, err := Contents(bytes.NewReader(disk), int64(len(disk)))
		if err != nil {
			t.Fatal(err)
		}
		return RefuseMember(all, "/dev/sdb")
	}
	if err := refused(); err != nil {
		t.Error(err)
	}
	copy(disk[1<<20+4096:], "\xfc\x4e\x2b\xa9\x01\x00\x00\x00")
	copy(disk[1<<20+4096+32:], "host:data\x00")
	copy(disk[1<<20+4096+144:], "\x08\x00\x00\x00\x00\x00\x00\x00")
	if err := refused(); err == nil || !strings.Contains(err.Error(), `its partition esp is a member of the md array "host:data"`) {
		t.Error(err)
	}
}

// What a person reads before a disk's content is lost.
func TestContent(t *testing.T) {
	raid, volume := signature.RAID, signature.Volume
	for want, c := range map[string]Content{
		"":                                        {Found: []signature.Found{{Type: "gpt", Kind: signature.Partitions}}},
		"partition p1 (1.0 MB)":                   {Name: "p1", Size: 1 << 20},
		`partition data (1.0 MB): ext4 "films"`:   {Name: "data", Size: 1 << 20, Found: []signature.Found{{Type: "ext4", Kind: signature.Filesystem, Name: "films"}}},
		`LVM, volume group "vg0"`:                 {Found: []signature.Found{{Type: "LVM2_member", Kind: volume}}, Group: "vg0"},
		"LVM":                                     {Found: []signature.Found{{Type: "LVM2_member", Kind: volume}}},
		"LUKS (encrypted)":                        {Found: []signature.Found{{Type: "crypto_LUKS", Kind: volume}, {Type: "crypto_LUKS", Kind: volume, At: 16384}}},
		`a member of the md array "nas:data"`:     {Found: []signature.Found{{Type: "linux_raid_member", Kind: raid, Name: "nas:data"}}},
		`a member of an md array, ext4 "films"`:   {Found: []signature.Found{{Type: "linux_raid_member", Kind: raid}, {Type: "ext4", Kind: signature.Filesystem, Name: "films"}}},
		"part of a VIA RAID, which firmware made": {Found: []signature.Found{{Type: "via_raid_member", Kind: raid, Name: "VIA RAID"}}},
	} {
		if got := c.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
