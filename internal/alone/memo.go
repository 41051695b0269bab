package alone

import (
	"io/fs"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/disk"
)

// Memo keeps what was read of devices, by their names in /sys/class/block, for as long as nobody writes to them. Its zero value
// knows nothing. It may be used from any goroutine: who asks for what is being read waits for it.
type Memo[T any] struct {
	mu    sync.Mutex
	known map[string]*entry[T]
}

type entry[T any] struct {
	mu    sync.Mutex
	on    string // the disk that it lies on
	state string
	value T
}

// Of returns what read returned of a device, or has it read. What fails is tried again.
func (m *Memo[T]) Of(sys fs.FS, name string, read func() (T, error)) (T, error) {
	m.mu.Lock()
	if m.known == nil {
		m.known = map[string]*entry[T]{}
	}
	e := m.known[name]
	if e == nil {
		e = &entry[T]{}
		m.known[name] = e
	}
	m.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != "" && e.state == written(sys, name, e.on) {
		return e.value, nil
	}
	e.on = Disk(sys, name)          // what was a partition may be a disk now
	now := written(sys, name, e.on) // before it is read: a write that ends meanwhile makes it another one
	value, err := read()
	if e.state = ""; err == nil && counts(sys, e.on) {
		e.value, e.state = value, now
	}
	return value, err
}

// written is another text whenever something may have been written to a device or to the disk that it lies on, and when it is another
// one: its own number, that of its medium, its size, and how many writes and discards of the disk have ended
// (Documentation/ABI/stable/sysfs-block, diskseq; Documentation/block/stat.rst). It is "" where the kernel does not count.
func written(sys fs.FS, name, on string) string {
	const writes, discards = 4, 11
	seq, stat := disk.Attribute(sys, on, "diskseq"), strings.Fields(disk.Attribute(sys, on, "stat"))
	if seq == "" || len(stat) <= discards {
		return ""
	}
	return strings.Join([]string{disk.Attribute(sys, name, "dev"), seq, disk.Attribute(sys, name, "size"), stat[writes], stat[discards]}, " ")
}

// counts says that the kernel counts what is written to a disk (Documentation/ABI/stable/sysfs-block, iostats).
func counts(sys fs.FS, on string) bool {
	return disk.Attribute(sys, on, "queue/iostats") == "1"
}
