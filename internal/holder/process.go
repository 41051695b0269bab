package holder

import (
	"io/fs"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readProcesses reads which files processes have open for writing (proc_pid_fd(5)), those of them that we may look
// at, and what guests have open at all: QEMU, that is, which tells its guest's name on its command line.
func (t *Table) readProcesses(proc fs.FS) {
	self, _ := fs.ReadLink(proc, "self")
	entries, _ := fs.ReadDir(proc, ".")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || e.Name() == self {
			continue
		}
		fds, _ := fs.ReadDir(proc, path.Join(e.Name(), "fd"))
		var owner *Holder // asked for only where it is of use
		seen := map[string]bool{}
		for _, fd := range fds {
			u, ok := opened(proc, e.Name(), fd.Name())
			if !ok || seen[u.number+u.file] {
				continue
			}
			if owner == nil {
				owner = ownerOf(proc, pid)
			}
			u.Holder = *owner
			if u.Reads = !writes(proc, e.Name(), fd.Name()); u.Kind == Guest || !u.Reads {
				seen[u.number+u.file] = true
				t.users = append(t.users, u)
			}
		}
	}
}

// opened tells what a file descriptor leads to, where that is a block device or a plain file. Only what lies in
// /dev is looked at, for a file on a dead network server would not answer.
func opened(proc fs.FS, pid, fd string) (u user, ok bool) {
	link := path.Join(pid, "fd", fd)
	target, err := fs.ReadLink(proc, link)
	if err != nil || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "/sys/") {
		return u, false // a socket, a pipe
	}
	if !strings.HasPrefix(target, "/dev/") {
		u.file = target
		return u, true
	}
	info, err := fs.Stat(proc, link)
	if err != nil {
		return u, false
	}
	u.number = numberOf(info)
	return u, u.number != ""
}

// writes reads the flags of open(2) (proc_pid_fdinfo(5)), in octal digits.
func writes(proc fs.FS, pid, fd string) bool {
	lines, _ := lines(proc, path.Join(pid, "fdinfo", fd))
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseUint(strings.TrimSpace(text), 8, 64)
			return err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY
		}
	}
	return false
}

// ownerOf tells a guest from other programs.
func ownerOf(proc fs.FS, pid int) *Holder {
	dir := strconv.Itoa(pid)
	command, _ := fs.ReadFile(proc, path.Join(dir, "cmdline"))
	args := strings.Split(string(command), "\x00")
	if strings.HasPrefix(path.Base(args[0]), "qemu-system-") {
		h := &Holder{Kind: Guest, Name: path.Base(args[0]), PID: pid}
		for i, a := range args[:len(args)-1] {
			if a == "-name" { // guest=NAME,…, or the name alone
				h.Name, _, _ = strings.Cut(strings.TrimPrefix(args[i+1], "guest="), ",")
			}
		}
		return h
	}
	name, _ := fs.ReadFile(proc, path.Join(dir, "comm"))
	return &Holder{Kind: Process, Name: strings.TrimSpace(string(name)), PID: pid}
}
