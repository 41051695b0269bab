package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// partition gives a disk one partition of so many bytes, or up to the disk's end where that is 0.
func partition(device, label string, size int) error {
	row := "start=2048"
	if size > 0 {
		row += fmt.Sprintf(", size=%d", size/512)
	}
	cmd := exec.Command("/sbin/sfdisk", "--no-tell-kernel", "-q", "/dev/"+device)
	cmd.Stdin = strings.NewReader("label: " + label + "\n" + row + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sfdisk %s: %w: %s", device, err, out)
	}
	return reread(device)
}

// Calls of the md driver from before it had files (include/uapi/linux/raid/md_u.h).
const (
	setArrayInfo = 0x40480923
	addNewDisk   = 0x40140921
	runArray     = 0x400c0930
)

// layout tells the driver how it once laid out a raid0 of members of unequal size: 1 or 2, or 0 for not known.
func layout(n int) error {
	if err := modprobe("raid0"); err != nil {
		return err
	}
	return os.WriteFile("/sys/module/raid0/parameters/default_layout", []byte(fmt.Sprint(n)), 0)
}

// old makes a raid0 of version 0.90, of which there are many, and which this mdadm does not make any
// more: it wants to note a layout, and the version has no place for one. The driver itself still writes such
// superblocks when it is given an array by numbers, as raidtools did. refusal is what mdadm said.
func old(refusal error, devices []string) error {
	if refusal == nil || started() != "" {
		return fmt.Errorf("mdadm makes a raid0 of version 0.90 after all: %v", refusal)
	}
	if err := modprobe("raid0"); err != nil {
		return err
	}
	if err := os.WriteFile("/sys/module/md_mod/parameters/new_array", []byte("md_old"), 0); err != nil {
		return err
	}
	array, err := os.OpenFile("/dev/md_old", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer array.Close()
	call := func(request uintptr, words *int32) error {
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, array.Fd(), request, uintptr(unsafe.Pointer(words))); e != 0 {
			return fmt.Errorf("making a raid0 of version 0.90: call %#x: %w", request, e)
		}
		return nil
	}
	n := int32(len(devices))
	// mdu_array_info_t: version (three words), time, level, size, disks, raid disks, minor, not persistent,
	// time, state, active, working, failed, spare, layout, chunk.
	info := [18]int32{0, 90, 0, 0, 0, 0, n, n, 0, 0, 0, 1, n, n, 0, 0, 0, 64 << 10}
	if err := call(setArrayInfo, &info[0]); err != nil {
		return err
	}
	for i, d := range devices {
		var s unix.Stat_t
		if err := unix.Stat("/dev/"+d, &s); err != nil {
			return err
		}
		const activeInSync = 1<<1 | 1<<2
		// mdu_disk_info_t: number, major, minor, slot, state.
		disk := [5]int32{int32(i), int32(unix.Major(s.Rdev)), int32(unix.Minor(s.Rdev)), int32(i), activeInSync}
		if err := call(addNewDisk, &disk[0]); err != nil {
			return err
		}
	}
	var none [3]int32
	return call(runArray, &none[0])
}
