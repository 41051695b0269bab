package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	loads["sleep"] = func([]string) error { select {} }
	loads["euid"] = func([]string) error { fmt.Print(unix.Geteuid()); return nil }
	loads["bomb"] = func([]string) error { // each of them makes more, for ever
		for {
			_, _, _ = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		}
	}
	loads["hog"] = func([]string) error { // more memory than there is
		var all [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
			runtime.KeepAlive(all)
		}
	}
	loads["spin"] = func(args []string) error {
		n, err := strconv.Atoi(args[0])
		for range n {
			go func() {
				for turns := 0; turns >= 0; {
					turns ^= 1
				}
			}()
		}
		if err == nil {
			select {}
		}
		return err
	}
	loads["flood"] = func([]string) error { // of output
		line := []byte(strings.Repeat("flood ", 200) + "\n")
		for {
			if _, err := os.Stdout.Write(line); err != nil {
				return err
			}
		}
	}
	loads["files"] = func(args []string) error {
		return count(args[1:], func(n int) error { return os.WriteFile(filepath.Join(args[0], strconv.Itoa(n)), nil, 0o644) })
	}
	loads["fill"] = func(args []string) error {
		f, err := os.Create(filepath.Join(args[0], "full"))
		if err != nil {
			return err
		}
		b := make([]byte, 1<<20)
		for err == nil {
			_, err = f.Write(b)
		}
		return err
	}
	for kind, flag := range map[string]int{"mnt": unix.CLONE_NEWNS, "ipc": unix.CLONE_NEWIPC, "uts": unix.CLONE_NEWUTS, "net": unix.CLONE_NEWNET} {
		loads["take "+kind] = func(args []string) error { // namespaces, held by their files
			runtime.LockOSThread()
			return count(args, func(int) error {
				if err := unix.Unshare(flag); err != nil {
					return err
				}
				_, err := unix.Open("/proc/thread-self/ns/"+kind, unix.O_RDONLY, 0)
				return err
			})
		}
	}
	loads["take groups"] = func(args []string) error {
		return count(args, func(n int) error { return os.Mkdir("/sys/fs/cgroup/"+strconv.Itoa(n), 0o755) })
	}
	loads["take descriptors"] = func(args []string) error {
		return count(args, func(int) error { _, err := unix.Open("/", unix.O_PATH, 0); return err })
	}
	loads["take inotify"] = func(args []string) error {
		return count(args, func(int) error { _, err := unix.InotifyInit1(0); return err })
	}
	loads["take aio"] = func(args []string) error {
		return count(args, func(int) error {
			var context uintptr
			return call(unix.SYS_IO_SETUP, 8192, uintptr(unsafe.Pointer(&context)))
		})
	}
	loads["spawn"] = func(args []string) error { // starts the program again and again, and says when it could not
		for {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
		}
	}
}

// count does something so many times, or until it is refused; it says how often it was done and what it met, and keeps what it has until
// there is nothing more to read.
func count(args []string, do func(n int) error) error {
	times, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	met, n := "none", 0
	for ; n < times; n++ {
		if err := do(n); err != nil {
			met = name(err)
			break
		}
	}
	fmt.Println("took", n, met)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// asNobody runs a copy of this program as an account without rights: nil where it is root then.
func asNobody(file string) error {
	cmd := exec.Command(file, "euid")
	if unix.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1000, Gid: 1000, NoSetGroups: true}}
	}
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	if string(out) == "0" {
		return nil
	}
	return errors.New("not root")
}
