package flash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// recorder is a disk that writes down what happens to it, and refuses the step that a test names.
type recorder struct {
	*memory
	rows   []string
	refuse int // from 1
}

func (r *recorder) step(format string, args ...any) error {
	r.rows = append(r.rows, fmt.Sprintf(format, args...))
	if len(r.rows) == r.refuse {
		return unix.ENOSPC
	}
	return nil
}

func (r *recorder) WriteAt(b []byte, at int64) (int, error) {
	what := "image"
	if !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
		what = "zeros"
	}
	if err := r.step("%s at %d, %d bytes", what, at, len(b)); err != nil {
		return 0, err
	}
	return r.memory.WriteAt(b, at)
}

func (r *recorder) ReadAt(b []byte, at int64) (int, error) {
	if err := r.step("read at %d, %d bytes", at, len(b)); err != nil {
		return 0, err
	}
	return r.memory.ReadAt(b, at)
}

func (r *recorder) Sync() error   { return r.step("sync") }
func (r *recorder) Forget() error { return r.step("forget") }

// What a stick sees, in order: no old table can be found before the new one is whole, and the image's start comes last of all, when everything
// else is on the medium.
func TestRowOfWrites(t *testing.T) {
	const size, disk = 2*chunk + 1000, 3 * chunk
	image := bytes.Repeat([]byte("image"), size/5+1)[:size]
	p, err := Make(bytes.NewReader(image), disk)
	if err != nil {
		t.Fatal(err)
	}
	tail := disk - 33*512
	want := []string{
		"zeros at 0, 4194304 bytes", fmt.Sprintf("zeros at %d, 16896 bytes", tail), "sync",
		"image at 4194304, 4194304 bytes", "image at 8388608, 1000 bytes",
		fmt.Sprintf("zeros at %d, 16896 bytes", tail), "sync",
		"image at 0, 4194304 bytes", "sync",
	}
	r := &recorder{memory: used(disk)}
	if err := Write(t.Context(), r, p, "disk", progress.Discard); err != nil || !slices.Equal(r.rows, want) {
		t.Errorf("%v\n%s", err, strings.Join(r.rows, "\n"))
	}
	compared := []string{"forget", "read at 0, 4194304 bytes", "read at 4194304, 4194304 bytes", "read at 8388608, 1000 bytes", fmt.Sprintf("read at %d, 16896 bytes", tail)}
	r.rows = nil
	if err := Verify(t.Context(), r, p, "disk", progress.Discard); err != nil || !slices.Equal(r.rows, compared) {
		t.Errorf("comparing: %v\n%s", err, strings.Join(r.rows, "\n"))
	}
	// Whatever step fails, no other write follows, and the disk is not told to be complete.
	for n := 1; n <= len(want); n++ {
		r := &recorder{memory: used(disk), refuse: n}
		err := Write(t.Context(), r, p, "disk", progress.Discard)
		var state *StateError
		if !errors.As(err, &state) || !errors.Is(err, unix.ENOSPC) || !state.Begun || state.Complete || len(r.rows) != n && !(n == 6 && len(r.rows) == 7) && !(n == 8 && len(r.rows) == 9) {
			t.Errorf("step %d fails: %v, then %q", n, err, r.rows[min(n, len(r.rows)):])
		}
		if written := map[int]int64{5: chunk, 6: chunk + 1000, 7: chunk + 1000, 8: chunk + 1000, 9: size}[n]; state != nil && state.Written != written {
			t.Errorf("step %d fails: %d bytes are said to be written, not %d", n, state.Written, written)
		}
	}
	for n := 1; n <= len(compared); n++ {
		r := &recorder{memory: used(disk), refuse: n}
		copy(r.b, image)
		copy(r.b[tail:], make([]byte, 33*512))
		var state *StateError
		if err := Verify(t.Context(), r, p, "disk", progress.Discard); !errors.As(err, &state) || !errors.Is(err, unix.ENOSPC) || !state.Begun || !state.Complete || state.Written != size || len(r.rows) != n {
			t.Errorf("comparing, step %d fails: %v, %q", n, err, r.rows)
		}
	}
}

// How much of the disk's end is cleared, and where.
func TestTails(t *testing.T) {
	image := bytes.Repeat([]byte("image"), 1000)
	for more, want := range map[int64]int{0: 0, 1: 1, 33*512 - 1: 33*512 - 1, 33 * 512: 33 * 512, 33*512 + 1: 33 * 512, 1 << 20: 33 * 512} {
		p, err := Make(bytes.NewReader(image), int64(len(image))+more)
		if err != nil || len(p.Tail) != want || p.Moved || p.Unmoved != nil || p.tailOffset() != int64(len(image))+more-int64(want) {
			t.Errorf("%d bytes more: a tail of %d, %v, %+v", more, len(p.Tail), err, p.Unmoved)
		}
	}
	for _, tt := range []struct {
		at     int64
		over   string
		overAt int64
		want   string
	}{
		{0, "XX", 0, "XXcdef"}, {0, "XX", 4, "abcdXX"}, {0, "XX", 5, "abcdeX"}, {0, "XX", 6, "abcdef"}, {2, "XX", 0, "abcdef"}, {2, "XX", 1, "Xbcdef"}, {2, "XX", 2, "XXcdef"}, {0, "", 3, "abcdef"}, {10, "0123456789", 8, "234567"},
	} {
		b := []byte("abcdef")
		if lay(b, tt.at, []byte(tt.over), tt.overAt); string(b) != tt.want {
			t.Errorf("%q at %d over what was read at %d: %q, want %q", tt.over, tt.overAt, tt.at, b, tt.want)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", -1}, {"abc", "abc", -1}, {"xbc", "abc", 0}, {"abx", "abc", 2}} {
		if got := differs([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("%q and %q differ at %d", tt.a, tt.b, got)
		}
	}
}

// Direct access is for whole pages at places of whole pages.
func TestPick(t *testing.T) {
	free, release, err := buffers(1)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	b := <-free
	if len(b) != chunk || cap(b) != chunk {
		t.Errorf("a buffer of %d, %d bytes", len(b), cap(b))
	}
	f := &File{direct: &os.File{}, buffered: &os.File{}}
	for _, tt := range []struct {
		p      []byte
		at     int64
		direct bool
	}{{b, 0, true}, {b[:4096], 4096, true}, {b[:4096], 512, false}, {b[:512], 0, false}, {b[512 : 512+4096], 0, false}, {nil, 0, true}} {
		if got := f.pick(tt.p, tt.at) == f.direct; got != tt.direct {
			t.Errorf("%d bytes at %d: direct %v", len(tt.p), tt.at, got)
		}
	}
	f.direct = nil
	if f.pick(b, 0) != f.buffered {
		t.Error("without direct access there is some")
	}
}

func TestOpenFileRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/dev/null": "neither a disk nor a plain file", dir: "neither a disk nor a plain file", pipe: "neither a disk nor a plain file", filepath.Join(dir, "none"): "no such file"} {
		if f, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", path, f, err)
		}
	}
	path := filepath.Join(dir, "disk")
	if err := errors.Join(os.WriteFile(path, make([]byte, 5000), 0o600), os.WriteFile(path+"2", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Size() != 5000 || !f.Is(path) || f.Is(path+"2") || f.Is(path+"3") || f.block || f.Rescan() != nil || f.Forget() != nil {
		t.Errorf("%+v", f)
	}
}

// A person reads what state the disk is in.
func TestStates(t *testing.T) {
	for want, e := range map[string]StateError{
		"interrupted; nothing was written: d is as it was":                                                                                                                          {Err: context.Canceled},
		"no medium found (it was unplugged); nothing was written: d is as it was":                                                                                                   {Err: unix.ENOMEDIUM},
		"no such device or address (it was unplugged); nothing was written: d is as it was":                                                                                         {Err: unix.ENXIO},
		"input/output error (it is broken, or was unplugged); all 9 bytes were written to d, but not all of them compared: write it again to be sure":                               {Err: unix.EIO, Begun: true, Complete: true, Total: 9},
		"bad; 3 of 9 bytes were written to d, which holds neither its former content nor the image: its first 9 bytes are zero, nothing starts from it; write it again":             {Err: errors.New("bad"), Begun: true, Written: 3, Total: 9},
		"bad; 3 of 9000000 bytes were written to d, which holds neither its former content nor the image: its first 4194304 bytes are zero, nothing starts from it; write it again": {Err: errors.New("bad"), Begun: true, Written: 3, Total: 9000000},
	} {
		if e.Path = "d"; e.Error() != want {
			t.Errorf("%q\nwant %q", e.Error(), want)
		}
	}
}
