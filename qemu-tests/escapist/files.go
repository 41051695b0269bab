package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	for _, file := range []string{
		"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sys/kernel/panic", "/proc/sys/vm/overcommit_memory",
		"/proc/sys/fs/suid_dumpable", "/proc/sys/kernel/unprivileged_bpf_disabled", "/sys/kernel/uevent_helper",
		"/sys/module/kernel/parameters/panic", "/sys/kernel/mm/transparent_hugepage/enabled",
		"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cgroup.max.descendants",
		"/proc/irq/default_smp_affinity", "/proc/self/loginuid",
	} {
		ways["write "+file] = func() error { shown(); return rewritten(file) }
	}
	for file, text := range map[string]string{
		"/proc/sysrq-trigger": "h", "/proc/sys/fs/binfmt_misc/register": ":escape:M::escape::/escape:", "/sys/power/state": "", "/sys/fs/cgroup/../memory.max": "max",
		"/proc/self/oom_score_adj": "-1000", "/proc/self/uid_map": "0 0 1", "/sys/class/net/lo/mtu": "65536", "/proc/sys/net/ipv4/ip_forward": "0",
		"/sys/fs/cgroup/cgroup.procs": "0", "/dev/kmsg": "escape", "/sys/block/vda/queue/nr_requests": "",
	} {
		ways["write "+file] = func() error { shown(); return written(file, text) }
	}
	for _, file := range []string{"/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/kpageflags", "/proc/1/environ", "/proc/1/mem",
		"/sys/firmware/dmi/tables/DMI", "/sys/kernel/debug/sched/debug", "/sys/kernel/security/lockdown", "/proc/vmallocinfo"} {
		ways["read "+file] = func() error { shown(); return readable(file) }
	}
	ways["read addresses of the kernel"] = func() error {
		b, err := os.ReadFile("/proc/kallsyms")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			if strings.Trim(strings.Fields(line)[0], "0") != "" {
				return nil
			}
		}
		return errors.New("zeros")
	}
	ways["change /dev/null"] = func() error {
		tries := []error{os.Chmod("/dev/null", 0o666), os.Chown("/dev/null", 0, 0)}
		if in, err := os.Readlink("/proc/self/fd/0"); err == nil && in == "/dev/null" { // the machine's
			tries = append(tries, os.Chmod("/proc/self/fd/0", 0o666))
		}
		return any(tries...)
	}
	ways["leave by .."] = func() error {
		dir, err := os.Open("/")
		if err != nil {
			return err
		}
		return other("/", filepath.Join("/proc/self/fd", itoa(int(dir.Fd())), "../../../.."))
	}
	ways["leave by chroot"] = func() error { // the old way: a directory above the new root stays open
		dir, err := os.Open("/")
		if err != nil {
			return err
		}
		if err := unix.Chroot(where()); err != nil {
			return err
		}
		if err := dir.Chdir(); err != nil {
			return err
		}
		for range 32 {
			if err := unix.Chdir(".."); err != nil {
				return err
			}
		}
		var now, root unix.Stat_t
		if err := errors.Join(unix.Stat(".", &now), unix.Fstat(int(dir.Fd()), &root)); err != nil {
			return err
		}
		if now.Dev == root.Dev && now.Ino == root.Ino {
			return errors.New("its own root")
		}
		return nil
	}
	ways["open_by_handle_at"] = handle
}

// other says whether two names are of different files.
func other(a, b string) error {
	var one, two unix.Stat_t
	if err := errors.Join(unix.Stat(a, &one), unix.Stat(b, &two)); err != nil {
		return err
	}
	if one.Dev == two.Dev && one.Ino == two.Ino {
		return errors.New("its own root")
	}
	return nil
}

// rewritten writes to a file what it has.
func rewritten(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return written(file, string(b))
}

func written(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// readable says whether there is anything to read.
func readable(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	_, err = f.Read(make([]byte, 64))
	return err
}

// handle opens a file of the machine by its number on the file system that a file of /etc lies on: that is the machine's /run
// (shocker.c).
func handle() error {
	file, _, err := unix.NameToHandleAt(unix.AT_FDCWD, "/etc/hosts", 0)
	if err != nil {
		return err
	}
	mount, err := os.Open("/etc/hosts")
	if err != nil {
		return err
	}
	_, err = unix.OpenByHandleAt(int(mount.Fd()), file, unix.O_RDONLY)
	return err
}
