package update

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// book is the record of slots on a disk. Who changes it reads it first: PID 1 may have written it meanwhile.
type book struct {
	mu     sync.Mutex
	device string
}

func (b *book) open(do func(*os.File) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, err := os.OpenFile(b.device, os.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return do(f)
}

// read returns the record, and whether both copies are whole.
func (b *book) read() (r slot.Record, whole bool, err error) {
	err = b.open(func(f *os.File) (err error) {
		r, whole, err = slot.Read(f)
		return err
	})
	return r, whole, err
}

// write writes the record as it is.
func (b *book) write(r slot.Record) error {
	return b.open(func(f *os.File) error { return slot.Write(f, f.Sync, &r) })
}

// change writes what follows from an event.
func (b *book) change(e slot.Event) (r slot.Record, err error) {
	err = b.open(func(f *os.File) error {
		before, whole, err := slot.Read(f)
		if err != nil {
			return err
		}
		if r, err = before.After(e); err != nil || whole && before.Same(r) {
			return err
		}
		return slot.Write(f, f.Sync, &r)
	})
	return r, err
}
