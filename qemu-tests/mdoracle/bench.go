package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// blkDiscard is BLKDISCARD (include/uapi/linux/fs.h).
const blkDiscard = 0x1277

// diskSize is enough for mdadm's metadata and little data.
const diskSize = 8 << 20

// bench is a row of disks, and arrays on them.
type bench struct {
	disks  []string // such as loop0
	kernel md.System
}

func newBench(n int) (*bench, error) {
	b := &bench{kernel: md.System{Sys: dev.Sys(), Disks: &alone.Disks{Sys: dev.Sys(), Open: alone.Open}, LoadModule: modprobe}}
	for _, m := range []string{"loop", "md_mod"} {
		if err := modprobe(m); err != nil {
			return nil, err
		}
	}
	for i := range n {
		file := fmt.Sprintf("/tmp/disk%d", i)
		device := fmt.Sprintf("loop%d", i)
		b.disks = append(b.disks, device)
		if _, err := os.Stat(file); err == nil {
			continue // an earlier run's
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return nil, err
		}
		if err := os.Truncate(file, diskSize); err != nil {
			return nil, err
		}
		if err := attach(device, file); err != nil {
			return nil, fmt.Errorf("attaching %s: %w", device, err)
		}
	}
	return b, nil
}

func modprobe(name string) error {
	out, err := exec.Command("/sbin/modprobe", name).CombinedOutput()
	if err != nil {
		return fmt.Errorf("modprobe %s: %w: %s", name, err, out)
	}
	return nil
}

func attach(device, file string) error {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer control.Close()
	var number int
	fmt.Sscanf(device, "loop%d", &number)
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, control.Fd(), unix.LOOP_CTL_ADD, uintptr(number)) // it may be there
	loop, err := os.OpenFile("/dev/"+device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer loop.Close()
	backing, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer backing.Close()
	return unix.IoctlLoopConfigure(int(loop.Fd()), &unix.LoopConfig{Fd: uint32(backing.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_PARTSCAN}})
}

// mdadm runs it with words that Fields splits, followed by devices.
func mdadm(words string, devices ...string) error {
	args := strings.Fields(words)
	for _, d := range devices {
		args = append(args, "/dev/"+d)
	}
	cmd := exec.Command("/sbin/mdadm", args...)
	cmd.Env = append(os.Environ(), "MDADM_NO_UDEV=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mdadm %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// clear stops every array and blanks the first n disks.
func (b *bench) clear(n int) {
	_ = stop()
	for _, d := range b.disks[:n] {
		if discard(d) == nil {
			_ = reread(d)
		}
	}
}

// discard makes a disk blank: of what its file holds nothing is left, and a hole reads as zeros.
func discard(device string) error {
	f, err := os.OpenFile("/dev/"+device, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	all := [2]uint64{0, diskSize}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), blkDiscard, uintptr(unsafe.Pointer(&all[0]))); e != 0 {
		return fmt.Errorf("discarding %s: %w", device, e)
	}
	return nil
}

func reread(device string) error {
	f, err := os.Open("/dev/" + device)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetInt(int(f.Fd()), unix.BLKRRPART, 0)
}

func (b *bench) write(device string, at int64, bytes []byte) error {
	f, err := os.OpenFile("/dev/"+device, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes, at); err != nil {
		return err
	}
	return f.Sync()
}

// part is what is written and read at each end of an array: some chunks of every member, however they share them.
const part = 256 << 10

// ends are the places of both parts of an array.
func ends(f *os.File) ([2]int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	return [2]int64{0, size - part}, err
}

// fill writes what the seed decides to both ends of an array, and returns their sum.
func (b *bench) fill(array string, seed uint64) (string, error) {
	f, err := os.OpenFile("/dev/"+array, os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	at, err := ends(f)
	if err != nil {
		return "", err
	}
	data := make([]byte, part)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	for _, at := range at {
		_, _ = r.Read(data)
		if _, err := f.WriteAt(data, at); err != nil {
			return "", err
		}
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return b.sum(array)
}

func (b *bench) sum(array string) (string, error) {
	f, err := os.Open("/dev/" + array)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_ = unix.IoctlSetInt(int(f.Fd()), unix.BLKFLSBUF, 0) // from the disks, not from the cache
	at, err := ends(f)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, at := range at {
		if _, err := io.Copy(h, io.NewSectionReader(f, at, part)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// ours judges an array by the devices that are to be seen, after members had their time, and starts it.
func (b *bench) ours(level spec.ArrayLevel, devices []string, row spec.Array) (md.Op, error) {
	row.Level = level
	row.Match.Members = []string{"/dev/" + devices[0]} // version 0.90 knows no names
	have, err := b.kernel.Observe(context.Background())
	if err != nil {
		return md.Op{}, err
	}
	have.Members = slices.DeleteFunc(have.Members, func(m md.Member) bool { return !slices.Contains(devices, m.Device) })
	op := md.Decide("t", md.Machine{Host: "box", Arrays: map[string]spec.Array{"t": row}, Waited: map[string]bool{"t": true}}, have)
	if op.Action != md.Start {
		return op, nil
	}
	return op, b.kernel.Start(context.Background(), op)
}

// theirs does it with mdadm, as a system without a configuration of its own would at boot; without
// devices mdadm looks at all, as we do.
func (b *bench) theirs(devices []string) error {
	text := "DEVICE"
	for _, d := range devices {
		text += " /dev/" + d
	}
	if len(devices) == 0 {
		text += " partitions"
	}
	const config = "/tmp/mdadm.conf"
	if err := os.WriteFile(config, []byte(text+"\nHOMEHOST box\n"), 0o600); err != nil {
		return err
	}
	return mdadm("--assemble --scan --config=" + config)
}

// started is the array that runs, if one does.
func started() string {
	arrays, _ := filepath.Glob("/sys/block/*/md/array_state")
	for _, a := range arrays {
		state, err := os.ReadFile(a)
		if s := strings.TrimSpace(string(state)); err == nil && !slices.Contains([]string{"clear", "inactive"}, s) {
			return filepath.Base(filepath.Dir(filepath.Dir(a)))
		}
	}
	return ""
}

// stop stops all that runs, and lets go of what mdadm gave up on. A resync that is being called off, and
// whoever just closed the device, make that take a moment.
func stop() error {
	return await("arrays to stop", func() (bool, error) {
		var busy error
		arrays, _ := filepath.Glob("/sys/block/*/md/array_state")
		for _, a := range arrays {
			if state, gone := os.ReadFile(a); gone != nil || string(state) == "clear\n" {
				continue
			}
			if err := os.WriteFile(a, []byte("clear"), 0); err != nil {
				busy = err
			}
		}
		return busy == nil, busy
	})
}
