package exposure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// kthread marks a thread of the kernel (PF_KTHREAD in linux/sched.h).
const kthread = 0x00200000

// Powerful are the processes of root's with all capabilities that are neither programs of these files nor threads of the kernel nor in one
// of these control groups, as lines for people. Commands that the host of a test runs are none: they lead sessions of their own,
// and worker, who started them, does so for nobody else in its own group.
func Powerful(proc string, worker int, programs, groups []string) (found []string) {
	all, err := status(filepath.Join(proc, "self/status"))
	if err != nil {
		return []string{err.Error()}
	}
	var files []os.FileInfo
	for _, program := range programs {
		if info, err := os.Stat(program); err == nil {
			files = append(files, info)
		}
	}
	entries, _ := os.ReadDir(proc)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		dir := filepath.Join(proc, e.Name())
		if err != nil {
			continue
		}
		h, err := status(filepath.Join(dir, "status"))
		if err != nil || h.UID != 0 || h.Capabilities != all.Capabilities {
			continue
		}
		exe, err := os.Stat(filepath.Join(dir, "exe"))
		own := err == nil && slices.ContainsFunc(files, func(f os.FileInfo) bool { return os.SameFile(f, exe) })
		s := stat(proc, pid)
		if own || s.flags&kthread != 0 || s.pid == 0 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "cgroup"))
		_, group, _ := strings.Cut(strings.TrimSpace(string(text)), "::/")
		within := func(g string) bool { return strings.HasPrefix(group+"/", g+"/") }
		if err != nil || slices.ContainsFunc(groups, within) || group == "" && stat(proc, s.session).parent == worker && s.session != stat(proc, worker).session {
			continue
		}
		found = append(found, fmt.Sprintf("process %d, %s, in /%s", pid, s.name, group))
	}
	return found
}

// process is some of proc_pid_stat(5).
type process struct {
	pid, parent, session int
	flags                uint64
	name                 string
}

// stat reads what the kernel says of a process; nothing of one that is gone.
func stat(proc string, pid int) (p process) {
	b, _ := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	begin, end := strings.IndexByte(string(b), '('), strings.LastIndexByte(string(b), ')')
	if begin < 0 || end < begin {
		return p
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 7 {
		return p
	}
	p = process{pid: pid, name: string(b[begin+1 : end])}
	p.parent, _ = strconv.Atoi(f[1])
	p.session, _ = strconv.Atoi(f[3])
	p.flags, _ = strconv.ParseUint(f[6], 10, 64)
	return p
}
