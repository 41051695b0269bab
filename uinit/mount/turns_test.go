package mount

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// One device is one row's at a time, by whichever name; others, and what is no device, are not waited for.
func TestTurns(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("nodes of devices are root's")
	}
	dir := t.TempDir()
	node := func(name string, minor uint32) string {
		file := filepath.Join(dir, name)
		if err := unix.Mknod(file, unix.S_IFBLK|0o600, int(unix.Mkdev(7, minor))); err != nil {
			t.Fatal(err)
		}
		return file
	}
	one, same, other := node("one", 4001), node("same", 4001), node("other", 4002)
	var turns Turns
	done, err := turns.take(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("late")
	over, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := turns.take(over, same); !errors.Is(err, gone) {
		t.Errorf("two have it: %v", err)
	}
	for _, free := range []string{other, dir, filepath.Join(dir, "none"), "/dev/null"} {
		leave, err := turns.take(over, free)
		if err != nil {
			t.Errorf("%s: %v", free, err)
			continue
		}
		leave()
	}
	next := make(chan error)
	go func() {
		leave, err := turns.take(t.Context(), same)
		if err == nil {
			leave()
		}
		next <- err
	}()
	done()
	if err := <-next; err != nil {
		t.Error(err)
	}
	if again, err := turns.take(over, one); err != nil {
		t.Errorf("it is never free again: %v", err)
	} else {
		again()
	}
}
