package update

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// book is the record of slots on a disk. Who changes it reads it first: PID 1 may have written it meanwhile.
type book struct {
	// mu is held from the reading to the writing.
	mu     sync.Mutex
	device string
	// disk is which one it was when it was found: a stick may be pulled, and another one get its name.
	disk uint64
}

// openBook notes which disk a partition's name stands for.
func openBook(device string) (*book, error) {
	f, err := openQuietly(device)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return &book{device: device, disk: instance(f)}, nil
}

// read returns the record, and whether both copies are whole.
func (b *book) read() (r slot.Record, whole bool, err error) {
	f, err := sameDisk(b.device, b.disk, openQuietly)
	if err != nil {
		return r, false, err
	}
	defer f.Close()
	return slot.Read(f)
}

// write writes the record as it is.
func (b *book) write(r *slot.Record) error {
	f, err := sameDisk(b.device, b.disk, func(name string) (*os.File, error) { return os.OpenFile(name, os.O_WRONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return err
	}
	defer f.Close()
	return slot.Write(f, f.Sync, r)
}

// change writes what follows from an event, unless nothing does.
func (b *book) change(e slot.Event) (*slot.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, whole, err := b.read()
	if err != nil {
		return nil, err
	}
	before := r
	if err := r.Apply(e); err != nil || whole && before.Same(&r) {
		return &r, err
	}
	return &r, b.write(&r)
}
