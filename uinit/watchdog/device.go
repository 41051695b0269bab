package watchdog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/order"
)

// ErrNone says that the machine has no watchdog.
var ErrNone = errors.New("no watchdog")

// Find returns the name of the watchdog to use, such as watchdog0, and what it calls itself: the first that is
// hardware, or else the kernel's own timer (softdog). sys is /sys.
func Find(sys fs.FS) (name, identity string, err error) {
	entries, err := fs.ReadDir(sys, "class/watchdog")
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return "", "", ErrNone
	}
	if err != nil {
		return "", "", fmt.Errorf("looking for watchdogs: %w", err)
	}
	type dog struct{ name, identity string }
	var dogs []dog
	for _, e := range entries {
		text, _ := fs.ReadFile(sys, path.Join("class/watchdog", e.Name(), "identity"))
		dogs = append(dogs, dog{e.Name(), strings.TrimSpace(string(text))})
	}
	soft := func(d dog) int {
		if d.identity == "Software Watchdog" {
			return 1
		}
		return 0
	}
	order.By(dogs, func(a, b dog) int {
		if c := soft(a) - soft(b); c != 0 {
			return c
		}
		return len(a.name) - len(b.name) // watchdog2 before watchdog10; names are sorted already
	})
	return dogs[0].name, dogs[0].identity, nil
}

// device is one of /dev/watchdog*.
type device struct{ f *os.File }

// Open opens /dev/NAME, which starts it.
func Open(name string) (Device, error) {
	f, err := os.OpenFile(path.Join("/dev", name), os.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the watchdog: %w", err)
	}
	return device{f}, nil
}

func (d device) SetTimeout(t time.Duration) (time.Duration, error) {
	seconds := max(int(t/time.Second), 1)
	took := seconds
	err := d.control(func(fd int) error {
		err := unix.IoctlSetPointerInt(fd, unix.WDIOC_SETTIMEOUT, seconds)
		// What counts is what it does, whether or not it could be told.
		got, errGet := unix.IoctlGetInt(fd, unix.WDIOC_GETTIMEOUT)
		if errGet == nil && got > 0 {
			took = got
			return nil
		}
		return err
	})
	return time.Duration(took) * time.Second, err
}

func (d device) Feed() error {
	return d.control(func(fd int) error { return unix.IoctlWatchdogKeepalive(fd) })
}

// Disarm writes the letter that tells a mishap from an intended end ("magic close"). A driver loaded with
// nowayout goes on regardless.
func (d device) Disarm() error {
	_, err := d.f.Write([]byte("V"))
	if err := errors.Join(err, d.f.Close()); err != nil {
		return fmt.Errorf("disarming the watchdog: %w", err)
	}
	return nil
}

func (d device) control(do func(fd int) error) error {
	raw, err := d.f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	return errors.Join(raw.Control(func(fd uintptr) { failed = do(int(fd)) }), failed)
}
