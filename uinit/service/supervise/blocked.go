package supervise

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
)

// Blocked says what a process waits for, from /proc: "read /dev/random", "lock /var/lock/x",
// "sleep: sleep" for a child it waits for. Of several threads the one counts that says most. "" when it can't be told.
func Blocked(pid int) string { return blocked("/proc", pid, 4).what }

// blocked looks at most depth children deep.
func blocked(proc string, pid, depth int) (most wait) {
	for _, dir := range threads(proc, pid) {
		if w := waitOf(proc, pid, dir, depth); w.tells > most.tells {
			most = w
		}
	}
	return most
}

// wait is what a thread waits for, and how much that tells a person.
type wait struct {
	what  string
	tells telling
}

// telling orders waits. Threads of one program wait for each other, for events and for time while one of them
// waits for what holds them all up.
type telling int

const (
	_       telling = iota
	others          // another thread's lock
	idle            // time, a signal, any of several events
	running         // for nothing, as far as one can see
	kernel          // a function of the kernel
	vague           // one thing, without a name
	child           // another process, and what that waits for
	named           // one file
	entropy         // the random pool
)

// threads are the directories of a process's threads, the first one first; of very many only so many are looked at.
func threads(proc string, pid int) []string {
	const most = 100
	dirs, _ := filepath.Glob(filepath.Join(proc, strconv.Itoa(pid), "task", "*"))
	order.By(dirs, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return dirs[:min(len(dirs), most)]
}

// waitOf looks at one thread of a process.
func waitOf(proc string, pid int, dir string, depth int) wait {
	n, arg, ok := currentCall(dir)
	if !ok {
		if what := gathering(dir); what != "" {
			return wait{what, entropy}
		}
		return kernelWait(dir)
	}
	c, known := calls()[n]
	switch {
	case !known:
		return wait{fmt.Sprintf("system call %d", n), vague}
	case c.tells == child && depth > 0:
		children, _ := os.ReadFile(filepath.Join(dir, "children"))
		for _, text := range strings.Fields(string(children)) {
			id, err := strconv.Atoi(text)
			if err != nil {
				continue
			}
			switch w := blocked(proc, id, depth-1); {
			case w.tells == running:
				return w
			case w.what != "":
				return wait{program(filepath.Join(proc, text)) + ": " + w.what, max(w.tells, child)}
			}
		}
	case c.tells == named:
		target, err := os.Readlink(filepath.Join(proc, strconv.Itoa(pid), "fd", strconv.FormatUint(arg, 10)))
		switch {
		case err != nil:
			return wait{c.name, vague}
		case target == "/dev/random":
			return wait{c.name + " " + target, entropy}
		case !strings.HasPrefix(target, "/"): // pipe:[1234]
			return wait{c.name + " " + target, vague}
		}
		return wait{c.name + " " + target, named}
	}
	return wait{c.name, c.tells}
}

// currentCall reads a thread's system call and its first argument: "0 0x3 0x7ffc… …" (proc(5)). It is
// not ok for one that runs, or sleeps outside of any.
func currentCall(dir string) (number int64, arg uint64, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, "syscall"))
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return 0, 0, false
	}
	n, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil || n < 0 {
		return 0, 0, false
	}
	arg, _ = strconv.ParseUint(strings.TrimPrefix(f[1], "0x"), 16, 64)
	return n, arg, true
}

// gathering tells a thread that waits for the random pool: it counts as running, for the kernel makes
// it time itself meanwhile (try_to_generate_entropy, drivers/char/random.c). Its stack in the kernel
// shows what it called.
func gathering(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "stack"))
	stack := string(b)
	switch {
	case err != nil || !strings.Contains(stack, "wait_for_random_bytes") && !strings.Contains(stack, "try_to_generate_entropy"):
		return ""
	case strings.Contains(stack, "random_read"):
		return "read /dev/random"
	}
	return "getrandom"
}

// kernelWait is the second best: the kernel's function that a thread sleeps in.
func kernelWait(dir string) wait {
	b, err := os.ReadFile(filepath.Join(dir, "wchan"))
	if s := strings.TrimSpace(string(b)); err == nil && s != "" && s != "0" {
		return wait{"kernel function " + s, kernel}
	}
	return wait{tells: running}
}

// firstChild returns a process' first child, whichever thread started it; the process itself
// where there is none.
func firstChild(proc string, pid int) int {
	lists, _ := filepath.Glob(filepath.Join(proc, strconv.Itoa(pid), "task", "*", "children"))
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		for _, text := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(text); err == nil {
				return child
			}
		}
	}
	return pid
}

func program(dir string) string {
	b, _ := os.ReadFile(filepath.Join(dir, "comm"))
	return strings.TrimSpace(string(b))
}
