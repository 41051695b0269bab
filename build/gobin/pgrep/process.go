package main

import (
	"cmp"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is one that runs.
type process struct {
	pid, parent, owner int
	// name is as the kernel has it, line how it was called.
	name, line string
	// started is in ticks since the boot.
	started int
}

// processes are all, the oldest first.
func processes(proc string) (all []process) {
	dirs, _ := filepath.Glob(proc + "/[0-9]*")
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		stat, gone := os.ReadFile(dir + "/stat")
		pid, odd := strconv.Atoi(filepath.Base(dir))
		// The name stands in brackets and may hold any character.
		open, closed := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
		if err != nil || gone != nil || odd != nil || open < 0 || closed < open {
			continue // it has ended since
		}
		p := process{pid: pid, name: string(stat[open+1 : closed])}
		fields := strings.Fields(string(stat[closed+1:]))
		if len(fields) > 19 { // from the third on: state, parent, ..., start
			p.parent, _ = strconv.Atoi(fields[1])
			p.started, _ = strconv.Atoi(fields[19])
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			p.owner = int(s.Uid)
		}
		line, _ := os.ReadFile(dir + "/cmdline")
		p.line = cmp.Or(strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")), p.name)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b process) int { return cmp.Or(cmp.Compare(a.started, b.started), cmp.Compare(a.pid, b.pid)) })
	return all
}

// finds says whether a process is what is looked for.
func (q query) finds(p process) bool {
	text := p.name
	if q.on['f'] {
		text = p.line
	}
	return q.pattern.MatchString(text) && (q.parent < 0 || q.parent == p.parent) && (q.owner == "" || q.owner == strconv.Itoa(p.owner) || owns(q.owner, p.owner))
}

// owns says whether an account of this name has a number.
func owns(name string, uid int) bool {
	account, err := user.Lookup(name)
	return err == nil && account.Uid == strconv.Itoa(uid)
}
