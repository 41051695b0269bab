package md

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// Kernel is where arrays run.
type Kernel interface {
	// Observe looks at all disks and arrays.
	Observe(context.Context) (State, error)
	// Late says of members of arrays that run without them whether they may join.
	Late(have State) []Late
	// Start starts what an Op of action Start names.
	Start(context.Context, Op) error
}

// System is the machine's own kernel.
type System struct {
	// Sys is the tree at /sys.
	Sys fs.FS
	// Disks tells what may be a member.
	Disks *alone.Disks
	// Seen is what was read of them; without it each look reads all.
	Seen *alone.Memo[Seen]
	// LoadModule loads a driver; that it is built in is no error.
	LoadModule func(name string) error

	write func(file, text string) error // put, but in tests
}

// Observe reads superblocks past the page cache: of a device that was in use it may be old.
func (k System) Observe(context.Context) (State, error) { return Look(k.Disks, k.Seen) }

// personality is the module of a level.
var personality = map[int]string{-1: "linear", 0: "raid0", 1: "raid1", 4: "raid456", 5: "raid456", 6: "raid456", 10: "raid10"}

const (
	newArray   = "/sys/module/md_mod/parameters/new_array"
	startDirty = "/sys/module/md_mod/parameters/start_dirty_degraded"
)

// ErrLayout says that a raid0 has members of unequal size, and no superblock tells which of two layouts it was
// written in: Linux changed it in 3.14, and notes it since 5.4 (drivers/md/raid0.c).
var ErrLayout = errors.New("its members are of unequal size, and it does not say how it is laid out; on the kernel line, raid0.default_layout=2 is what Linux 3.14 and later wrote, 1 is what came before")

// Start makes the device, gives it the members and sets it running (Documentation/admin-guide/md.rst,
// "md devices in sysfs"). When something fails, the members are let go again.
func (k System) Start(_ context.Context, op Op) (err error) {
	if op.Action != Start || len(op.Members) == 0 {
		panic("BUG: starting an array that is not to start")
	}
	put := put
	if k.write != nil {
		put = k.write
	}
	s := op.Members[0].Super
	// Only what is needed: raid456 tries out for a second which of its ways is fastest.
	for _, module := range []string{"md_mod", personality[s.Level]} {
		if err := k.LoadModule(module); err != nil {
			return fmt.Errorf("starting array %s: %w", op.Array, err)
		}
	}
	device := op.Device
	if err := put(newArray, device); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("making array %s: %w", op.Array, err)
	}
	dir := filepath.Join("/sys/block", device, "md")
	defer func() {
		if err != nil {
			_ = put(filepath.Join(dir, "array_state"), "clear")
		}
	}()
	if op.Dirty {
		if err := put(startDirty, "1"); err != nil {
			return fmt.Errorf("starting array %s without a clean parity: %w", op.Array, err)
		}
		defer func() { err = errors.Join(err, put(startDirty, "0")) }()
	}
	if err := put(filepath.Join(dir, "metadata_version"), s.Version); err != nil {
		return fmt.Errorf("starting array %s: %w", op.Array, err)
	}
	for _, m := range op.Members {
		if err := put(filepath.Join(dir, "new_dev"), m.Number); err != nil {
			return fmt.Errorf("adding %s to array %s: %w", m, op.Array, err)
		}
	}
	if err := put(filepath.Join(dir, "array_state"), "active"); err != nil {
		if s.Level == 0 && errors.Is(err, unix.EOPNOTSUPP) { // create_strip_zones
			err = ErrLayout
		}
		return fmt.Errorf("starting array %s of %s: %w", op.Array, names(op.Members), err)
	}
	return nil
}

// Link makes /dev/md/NAME, the name that fstab and people know.
func Link(name, device string) error {
	link := "/dev/md/" + name
	if err := os.MkdirAll("/dev/md", 0o755); err != nil {
		return fmt.Errorf("naming array %s: %w", name, err)
	}
	if now, err := os.Readlink(link); err == nil && now == "../"+device {
		return nil
	}
	_ = os.Remove(link)
	if err := os.Symlink("../"+device, link); err != nil {
		return fmt.Errorf("naming array %s: %w", name, err)
	}
	return nil
}

// Stop stops an array that nothing uses any more; one that is in use becomes read-only, so that it is clean.
func Stop(device string) error { return stop(device, put) }

func stop(device string, put func(file, text string) error) error {
	state := filepath.Join("/sys/block", device, "md/array_state")
	err := put(state, "clear")
	if err == nil || put(state, "readonly") == nil {
		return nil
	}
	return fmt.Errorf("stopping array %s: %w", device, err)
}

func put(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
