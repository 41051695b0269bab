package holder

import (
	"io/fs"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// opened is a block device or plain file that a process has open.
type opened struct {
	pid, fd      string
	number, file string
}

// readProcesses reads what processes have open (proc_pid_fd(5)), those of them that we may look at. Only what lies in
// /dev is looked at itself, for a file on a dead network server would not answer.
func (t *Table) readProcesses() {
	self, _ := fs.ReadLink(t.proc, "self")
	entries, _ := fs.ReadDir(t.proc, ".")
	for _, e := range entries {
		pid := e.Name()
		if pid[0] < '0' || pid[0] > '9' || pid == self {
			continue
		}
		fds, _ := fs.ReadDir(t.proc, path.Join(pid, "fd"))
		for _, fd := range fds {
			link := path.Join(pid, "fd", fd.Name())
			target, err := fs.ReadLink(t.proc, link)
			switch {
			case err != nil || !strings.HasPrefix(target, "/"): // a socket, a pipe
			case !strings.HasPrefix(target, "/dev/"):
				t.opened = append(t.opened, opened{pid, fd.Name(), "", target})
			default:
				if info, err := fs.Stat(t.proc, link); err == nil && numberOf(info) != "" {
					t.opened = append(t.opened, opened{pid, fd.Name(), numberOf(info), ""})
				}
			}
		}
	}
}

// users are the shares, guests and programs that have a device of a number, or a file, each once. Of programs these are
// the ones that write; guests are all.
func (t *Table) users(number, file string) (found []Holder) {
	is := func(n, f string) bool { return number != "" && n == number || file != "" && f != "" && same(f, file) }
	for _, u := range t.shares {
		if is(u.number, u.file) {
			found = append(found, u.Holder)
		}
	}
	last := ""
	for _, o := range t.opened {
		if o.pid == last || !is(o.number, o.file) {
			continue
		}
		h := t.owner(o.pid)
		if h.Reads = !t.writes(o); h.Kind == Guest || !h.Reads {
			found, last = append(found, h), o.pid
		}
	}
	return found
}

// writes reads the flags of open(2) (proc_pid_fdinfo(5)), in octal digits.
func (t *Table) writes(o opened) bool {
	lines, _ := lines(t.proc, path.Join(o.pid, "fdinfo", o.fd))
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseUint(strings.TrimSpace(text), 8, 64)
			return err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY
		}
	}
	return false
}

// owner tells a guest, which has its name on QEMU's command line, from other programs.
func (t *Table) owner(pid string) Holder {
	number, _ := strconv.Atoi(pid)
	command, _ := fs.ReadFile(t.proc, path.Join(pid, "cmdline"))
	args := strings.Split(string(command), "\x00")
	if strings.HasPrefix(path.Base(args[0]), "qemu-system-") {
		h := Holder{Kind: Guest, Name: path.Base(args[0]), PID: number}
		for i, a := range args[:len(args)-1] {
			if a == "-name" { // guest=NAME,…, or the name alone
				h.Name, _, _ = strings.Cut(strings.TrimPrefix(args[i+1], "guest="), ",")
			}
		}
		return h
	}
	name, _ := fs.ReadFile(t.proc, path.Join(pid, "comm"))
	return Holder{Kind: Process, Name: strings.TrimSpace(string(name)), PID: number}
}
