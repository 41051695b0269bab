package service

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Blocked says what a process waits for, from /proc: "read /dev/random", "flock /var/lock/x",
// "sleep: nanosleep" for a child it waits for. "" when it can't be told.
func Blocked(pid int) string { return blocked("/proc", pid, 4) }

// blocked looks at most depth children deep.
func blocked(proc string, pid, depth int) string {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	call, arg, ok := currentCall(dir)
	if !ok {
		if what := gathering(dir); what != "" {
			return what
		}
		return kernelWait(dir)
	}
	if call == "wait for a child" && depth > 0 {
		children, _ := os.ReadFile(filepath.Join(dir, "task", strconv.Itoa(pid), "children"))
		for _, text := range strings.Fields(string(children)) {
			child, err := strconv.Atoi(text)
			if err != nil {
				continue
			}
			if what := blocked(proc, child, depth-1); what != "" {
				return program(filepath.Join(proc, text)) + ": " + what
			}
		}
	}
	if calls()[number(dir)].file {
		if target, err := os.Readlink(filepath.Join(dir, "fd", strconv.FormatUint(arg, 10))); err == nil {
			return call + " " + target
		}
	}
	return call
}

// number returns the number of the system call that a process is in, -1 for none.
func number(dir string) int64 {
	b, err := os.ReadFile(filepath.Join(dir, "syscall"))
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(strings.SplitN(strings.TrimSpace(string(b)), " ", 2)[0], 10, 64)
	if err != nil {
		return -1 // "running"
	}
	return n
}

// currentCall reads /proc/PID/syscall: "0 0x3 0x7ffc… …", a number and its arguments (proc(5)).
func currentCall(dir string) (name string, arg uint64, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, "syscall"))
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return "", 0, false
	}
	n := number(dir)
	if n < 0 {
		return "", 0, false
	}
	arg, _ = strconv.ParseUint(strings.TrimPrefix(f[1], "0x"), 16, 64)
	if c, known := calls()[n]; known {
		return c.name, arg, true
	}
	return fmt.Sprintf("system call %d", n), arg, true
}

// gathering tells a process that waits for the random pool: it counts as running, for the kernel makes
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

// kernelWait is the second best: the kernel's function that a process sleeps in.
func kernelWait(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "wchan"))
	if s := strings.TrimSpace(string(b)); err == nil && s != "" && s != "0" {
		return "kernel function " + s
	}
	return ""
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
