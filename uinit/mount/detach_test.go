package mount

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// On the way down all that holds data goes, what the image brings and what holds none stays. Seen from a root of its own, so that
// nothing of this machine's is there.
func TestDetachAll(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	err := error(nil)
	for _, d := range []string{"proc", "lower", "upper", "data", "run"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	if err := errors.Join(err, unix.Chroot(dir), os.Chdir("/")); err != nil {
		t.Fatal(err)
	}
	if err := DetachAll(t.Context()); err == nil {
		t.Error("nobody knows what is mounted, and that is no error")
	}
	if err := errors.Join(unix.Mount("proc", "/proc", "proc", 0, ""), unix.Mount("tmpfs", "/run", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("overlay", "/data", "overlay", unix.MS_RDONLY, "lowerdir=/lower:/upper"); err != nil {
		t.Skipf("no file system to be had that holds data: %v", err)
	}
	if err := DetachAll(t.Context()); err != nil || count(t, "/data") != 0 || count(t, "/run") != 1 {
		t.Errorf("%v; what holds data is mounted %d times, what holds none %d", err, count(t, "/data"), count(t, "/run"))
	}
}

// All are unmounted, one after the other, also after one that fails; one that does not answer ends it.
func TestDetachOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin, no := time.Now(), errors.New("no")
		var did []string
		err := each(ctx, []string{"/a", "/b", "/c", "/d"}, func(target string) error {
			did = append(did, target)
			switch target {
			case "/a":
				time.Sleep(time.Second)
			case "/b":
				return no
			case "/c":
				time.Sleep(time.Hour)
			}
			return nil
		})
		if took := time.Since(begin); !slices.Equal(did, []string{"/a", "/b", "/c"}) || took != time.Minute || !errors.Is(err, no) || !strings.HasSuffix(err.Error(), "/c: no answer") {
			t.Errorf("%q after %v: %v", did, took, err)
		}
		if err := each(t.Context(), []string{"/a"}, func(string) error { return nil }); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
	})
}

// A device that somebody looks at is waited for, for a second.
func TestBusyForAMoment(t *testing.T) {
	for _, tt := range []struct {
		free time.Duration
		then error
		took time.Duration
		err  error
	}{{0, nil, 0, nil}, {0, unix.EINVAL, 0, unix.EINVAL}, {120 * time.Millisecond, nil, 150 * time.Millisecond, nil}, {time.Second, nil, time.Second, nil}, {1001 * time.Millisecond, nil, 1050 * time.Millisecond, nil}, {time.Hour, nil, 1050 * time.Millisecond, unix.EBUSY}} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			err := patiently(func() error {
				if time.Since(begin) < tt.free {
					return unix.EBUSY
				}
				return tt.then
			})
			if took := time.Since(begin); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || took != tt.took {
				t.Errorf("free after %v: %v after %v, want %v after %v", tt.free, err, took, tt.err, tt.took)
			}
		})
	}
}
