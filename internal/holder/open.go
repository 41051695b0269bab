package holder

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// BusyError says that somebody holds what is wanted.
type BusyError struct {
	Path string
	// Holders are who was found; none where the kernel says that it is held, and not by whom.
	Holders []Holder
}

func (e *BusyError) Error() string { return e.Path + ": " + e.Reason() }

// Reason is the error without the path.
func (e *BusyError) Reason() string {
	if len(e.Holders) == 0 {
		return "it is in use: it is mounted in another container, or a program holds it"
	}
	return "it is in use: " + strings.Join(Words(e.Holders), ", ")
}

const (
	// patience is how long a program that has something open is waited for: most only look.
	patience = time.Second
	again    = 50 * time.Millisecond
)

// Open opens a block device or plain file: with os.O_RDWR for one who is to be alone with it, with os.O_RDONLY for one
// who reads what nobody may write to meanwhile. A device that is written to is held (O_EXCL) for as long as the file, or
// one that was inherited, is open: neither mount(2) nor md, the device mapper or another Open gets it. Of plain files the
// kernel counts who writes. The error is a *BusyError where somebody has it.
func Open(path string, flag int) (*os.File, error) {
	r, err := Reserve(path, flag)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	if r.device && r.writes {
		return r.exclusive(flag)
	}
	return r.open(flag)
}

// Reservation keeps others who ask for a plain file from having it until it is released, for a user who does
// the opening by itself: the kernel. A device the kernel gives to one alone in any case.
type Reservation struct {
	path           string
	device, writes bool
	f              *os.File // nil for a device
}

// Release ends it.
func (r *Reservation) Release() {
	if r.f != nil {
		r.f.Close()
	}
}

// Reserve looks whether somebody holds a block device or plain file. The flag and the error are those of Open.
func Reserve(path string, flag int) (r *Reservation, err error) {
	err = patiently(func() error {
		r, err = reserve(path, flag)
		return err
	})
	return r, err
}

// Unheld looks only at who can be found, and does not open a device: another who is about to have it, as the kernel when
// it mounts it in two places, is not disturbed. The flag and the error are those of Open.
func Unheld(path string, flag int) error {
	r, err := look(path, flag)
	if err != nil {
		return err
	}
	return patiently(r.unheld)
}

// patiently tries again as long as nobody but programs is in the way.
func patiently(try func() error) error {
	stays := func(h Holder) bool { return h.Kind != Process }
	for deadline := time.Now().Add(patience); ; time.Sleep(again) {
		err := try()
		busy := (*BusyError)(nil)
		if !errors.As(err, &busy) || slices.ContainsFunc(busy.Holders, stays) || time.Now().After(deadline) {
			return err
		}
	}
}

// look tells devices and plain files from what nobody can have for himself.
func look(path string, flag int) (*Reservation, error) {
	r := &Reservation{path: path, device: strings.HasPrefix(path, "/dev/"), writes: flag&unix.O_ACCMODE != os.O_RDONLY}
	if !r.device { // also the node of a device, if it lies elsewhere: it came with the disk
		f, err := r.open(os.O_RDONLY)
		if err == nil {
			f.Close()
		}
		return r, err
	}
	info, err := os.Stat(path)
	if err == nil && (info.Mode()&os.ModeDevice == 0 || info.Mode()&os.ModeCharDevice != 0) {
		err = fmt.Errorf("%s is no block device; accepted: a file, or a block device below /dev", path)
	}
	return r, err
}

// open opens a device as others may, too; a plain file, and nothing that a link leads to: whoever writes where
// it lies chose that.
func (r *Reservation) open(flag int) (*os.File, error) {
	if r.device {
		return os.OpenFile(r.path, flag|unix.O_CLOEXEC, 0)
	}
	return bounded.Open(r.path, flag)
}

func reserve(path string, flag int) (*Reservation, error) {
	r, err := look(path, flag)
	if err != nil {
		return nil, err
	}
	if r.device {
		f, err := r.exclusive(os.O_RDONLY)
		if busy := (*BusyError)(nil); errors.As(err, &busy) && r.bears(busy.Holders) {
			return r, nil
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return r, r.unheld() // by who has it open without holding it, or the file behind it
	}
	if r.f, err = r.open(os.O_RDONLY); err != nil {
		return nil, err
	}
	for _, look := range []func() error{r.lock, r.unwritten, r.unlocked} {
		if err := look(); err != nil {
			r.f.Close()
			return nil, err
		}
	}
	return r, nil
}

// exclusive opens a device as nobody else can while it is open. Without O_NONBLOCK an optical drive would pull in its tray.
func (r *Reservation) exclusive(flag int) (*os.File, error) {
	fd, err := unix.Open(r.path, flag|unix.O_EXCL|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EBUSY) {
		return nil, r.busy()
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: r.path, Err: err}
	}
	_ = unix.SetNonblock(fd, false) // who inherits it expects that
	return os.NewFile(uintptr(fd), r.path), nil
}

// busy is a BusyError with all that can be found out.
func (r *Reservation) busy() error {
	holders, _ := r.holders() // that it is busy is known without
	return &BusyError{r.path, holders}
}

// unheld is a BusyError where somebody is found who is in the way.
func (r *Reservation) unheld() error {
	holders, err := r.holders()
	if len(holders) == 0 || r.bears(holders) {
		return err
	}
	return &BusyError{r.path, holders}
}

// bears says that holders are found who are in nobody's way: readers in a reader's.
func (r *Reservation) bears(holders []Holder) bool {
	return !r.writes && len(holders) > 0 && !slices.ContainsFunc(holders, func(h Holder) bool { return !h.Reads })
}

func (r *Reservation) holders() ([]Holder, error) {
	sys, proc := os.DirFS("/sys"), os.DirFS("/proc")
	if r.device {
		return Of(sys, proc, r.path)
	}
	return OfFile(sys, proc, r.path)
}
