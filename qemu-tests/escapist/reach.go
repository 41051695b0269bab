package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	for family, number := range map[string]int{
		"unix": unix.AF_UNIX, "inet": unix.AF_INET, "inet6": unix.AF_INET6, "vsock": unix.AF_VSOCK, "alg": unix.AF_ALG, "bluetooth": unix.AF_BLUETOOTH, "can": unix.AF_CAN, "rds": unix.AF_RDS, "tipc": unix.AF_TIPC,
		"key": unix.AF_KEY, "xdp": unix.AF_XDP, "kcm": unix.AF_KCM, "smc": unix.AF_SMC, "ax25": unix.AF_AX25, "pppox": unix.AF_PPPOX, "nfc": unix.AF_NFC, "llc": unix.AF_LLC, "ib": unix.AF_IB, "qipcrtr": unix.AF_QIPCRTR,
	} {
		kind := unix.SOCK_STREAM
		switch family {
		case "alg", "rds", "smc", "kcm":
			kind = unix.SOCK_SEQPACKET
		case "can", "key", "xdp":
			kind = unix.SOCK_RAW
		}
		ways["socket "+family] = func() error { _, err := unix.Socket(number, kind, 0); return err }
	}
	ways["socket raw"] = func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP); return err }
	ways["socket packet"] = func() error { _, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0x300); return err }
	ways["netlink audit"] = func() error {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)
		if err != nil {
			return err
		}
		b := []byte{16, 0, 0, 0, 0xe8, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0} // AUDIT_GET
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		answer := make([]byte, 64)
		n, _, err := unix.Recvfrom(fd, answer, 0)
		if err == nil && n >= 20 && answer[4] == unix.NLMSG_ERROR {
			err = refusal(-int32(binary.NativeEndian.Uint32(answer[16:])))
		}
		return err
	}
	ways["abstract sockets"] = func() error { // of others: this program has none
		b, err := os.ReadFile("/proc/net/unix")
		if err == nil && !strings.Contains(string(b), "@") {
			return errors.New("none")
		}
		return err
	}
	for name, number := range map[string][3]int{"mem": {unix.S_IFCHR, 1, 1}, "kmsg": {unix.S_IFCHR, 1, 11}, "port": {unix.S_IFCHR, 1, 4}, "loop-control": {unix.S_IFCHR, 10, 237},
		"kvm": {unix.S_IFCHR, 10, 232}, "fuse": {unix.S_IFCHR, 10, 229}, "tun": {unix.S_IFCHR, 10, 200}, "vhost-net": {unix.S_IFCHR, 10, 238}, "uinput": {unix.S_IFCHR, 10, 223},
		"console": {unix.S_IFCHR, 5, 1}, "vda": {unix.S_IFBLK, 254, 0}, "sda": {unix.S_IFBLK, 8, 0}, "loop0": {unix.S_IFBLK, 7, 0}} {
		ways["device "+name] = func() error { return any(opened("/dev/"+name), made(number)) }
	}
	ways["terminal input"] = func() error { return terminals(unix.TIOCSTI, "\n") }
	ways["terminal paste"] = func() error { return terminals(unix.TIOCLINUX, "\x03") }
	ways["terminal taken"] = func() error {
		_, _ = unix.Setsid()
		return terminals(unix.TIOCSCTTY, "")
	}
	ways["a file left open"] = openFiles
	ways["roots of processes"] = roots
	ways["setuid program"] = setuid
}

// refusal is the error in an answer by netlink; 0 is none.
func refusal(errno int32) error {
	if errno == 0 {
		return nil
	}
	return syscall.Errno(errno)
}

// made makes a device and opens it.
func made(n [3]int) error {
	file := where() + "/device"
	_ = os.Remove(file)
	if err := unix.Mknod(file, uint32(n[0])|0o600, int(unix.Mkdev(uint32(n[1]), uint32(n[2])))); err != nil {
		return err
	}
	return opened(file)
}

func opened(file string) error {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// terminals has every terminal here do something that one at it would do.
func terminals(request uintptr, text string) error {
	last := error(unix.ENOTTY)
	for _, file := range []string{"/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/dev/tty", "/dev/console"} {
		fd, err := unix.Open(file, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		b := append([]byte(text), 0)
		if err = call(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&b[0]))); err == nil {
			return nil
		}
		last = err
	}
	return last
}

// mine are what this program has open, and what its output goes to: /data. /sys/fs/cgroup is the Go runtime's look at its limits.
var mine = []string{"pipe:", "anon_inode:", "/dev/null", "/dev/pts/", "/dev/console", "/proc/", "/data/", "/sys/fs/cgroup/"}

// openFiles finds what whoever started the container had open, among them its directory (CVE-2024-21626). The parent is this program, whose
// own are of Go: no files.
func openFiles() error {
	for _, name := range []string{"/proc/self/cwd", "/proc/1/cwd"} {
		if to, err := os.Readlink(name); err != nil || strings.HasPrefix(to, "(unreachable)") {
			return fmt.Errorf("%s is %s", name, to)
		}
	}
	all, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	var found []string
	for _, fd := range all {
		to, err := os.Readlink(fd)
		known := slices.ContainsFunc(mine, func(begin string) bool { return strings.HasPrefix(to, begin) })
		if err == nil && !known {
			found = append(found, to)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%q", found)
	}
	return errors.New("none")
}

// roots finds a process that lives in another root than this one, where that can be entered.
func roots() error {
	all, _ := filepath.Glob("/proc/[0-9]*/root")
	for _, root := range all {
		if other("/", root) == nil {
			return nil
		}
	}
	return errors.New("its own root")
}

// setuid runs a program of root's as another account.
func setuid() error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	file := where() + "/program"
	if err := errors.Join(os.WriteFile(file, self, 0o755), os.Chmod(file, 0o755|os.ModeSetuid)); err != nil {
		return err
	}
	return asNobody(file)
}
