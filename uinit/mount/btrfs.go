package mount

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/order"
)

// part is a device of a btrfs that has several: all of them answer to its UUID and its label.
type part struct {
	device, uuid string
	// number is the device's own, of is how many there are.
	number, of uint64
}

// partOf reads which part of a btrfs a device is (struct btrfs_super_block and btrfs_dev_item in include/uapi/linux/btrfs_tree.h).
func partOf(r io.ReaderAt) part {
	id, ok := probeBtrfs(r)
	b := read(r, 64<<10, 0xd1)
	if !ok || b == nil {
		return part{}
	}
	return part{uuid: id.UUID, number: binary.LittleEndian.Uint64(b[0xc9:]), of: binary.LittleEndian.Uint64(b[0x88:])}
}

func (d Devices) part(device string) (part, bool) {
	p := d.see(device).part
	p.device = device // it may have been read by another name
	return p, p.of > 1
}

// together is the first of some devices, if all are parts of one btrfs and none is there twice; "" otherwise.
func (d Devices) together(devices []string) string {
	var all []part
	for _, device := range devices {
		p, ok := d.part(device)
		if !ok || len(all) > 0 && p.uuid != all[0].uuid || slices.ContainsFunc(all, func(o part) bool { return o.number == p.number }) {
			return ""
		}
		all = append(all, p)
	}
	return slices.MinFunc(all, func(a, b part) int { return int(a.number) - int(b.number) }).device
}

// parts are all devices of the btrfs that a device is a part of, in their order; none where it is no such part. Lack says which
// are not there. A copy of one is an error: nobody can say which holds.
func (d Devices) parts(of string) (devices []string, lack string, err error) {
	asked, ok := d.part(of)
	if !ok {
		return nil, "", nil
	}
	byNumber := map[uint64]string{}
	entries, _ := fs.ReadDir(d.Sys, "class/block")
	for _, e := range entries {
		name := e.Name()
		if alone.Sectors(d.Sys, name) == 0 || !alone.Ready(d.Sys, name) || alone.Held(d.Sys, name) {
			continue
		}
		p, ok := d.part(device(name))
		if !ok || p.uuid != asked.uuid || d.Alone(p.device) != nil {
			continue
		}
		if other := byNumber[p.number]; other != "" {
			return nil, "", fmt.Errorf("%s and %s answer alike: both are device %d of the btrfs %s", other, p.device, p.number, p.uuid)
		}
		byNumber[p.number] = p.device
		asked.of = max(asked.of, p.of)
	}
	numbers := slices.Collect(maps.Keys(byNumber))
	order.By(numbers, cmp.Compare)
	for _, number := range numbers {
		devices = append(devices, byNumber[number])
	}
	return devices, lacks(byNumber, asked), nil
}

// lacks says which devices are not there. Their numbers may have gaps, for some may have been removed: then it is said how many.
func lacks(byNumber map[uint64]string, of part) string {
	n := uint64(len(byNumber))
	if n >= of.of {
		return ""
	}
	var missing []string
	for number := uint64(1); number <= of.of; number++ {
		if byNumber[number] == "" {
			missing = append(missing, fmt.Sprint(number))
		}
	}
	text := fmt.Sprintf("%d of the %d devices of the btrfs %s", n, of.of, of.uuid)
	if uint64(len(missing)) == of.of-n {
		text += ", not devid " + strings.Join(missing, ", ")
	}
	return text
}

// degraded says how long a row waits for all devices of a btrfs before it is mounted without some: as long as it takes, unless it
// asks for less by the option of that name; then it has half of its time.
func (m *Mount) degraded() (patience time.Duration, asked bool) {
	for _, options := range m.cfg.Options {
		asked = asked || slices.Contains(strings.Split(options, ","), "degraded")
	}
	return time.Duration(m.cfg.Timeout) / 2, asked
}

// scan makes devices known to the kernel, which mounts a btrfs only with those that it knows (BTRFS_IOC_SCAN_DEV in
// include/uapi/linux/btrfs.h).
func scan(devices []string) error {
	const scanDev = 0x50009404
	control, err := os.OpenFile("/dev/btrfs-control", os.O_RDWR|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // mount(2) says it better
	}
	if err != nil {
		return err
	}
	defer control.Close()
	for _, device := range devices {
		var args [4096]byte // struct btrfs_ioctl_vol_args
		copy(args[8:len(args)-1], device)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, control.Fd(), scanDev, uintptr(unsafe.Pointer(&args))); errno != 0 {
			return fmt.Errorf("making %s known to btrfs: %w", device, errno)
		}
	}
	return nil
}
