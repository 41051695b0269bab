package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// programs are those that hold sockets open, by the sockets' inodes.
func programs(proc string) map[string]string {
	held := map[string][]string{}
	files, _ := filepath.Glob(proc + "/[0-9]*/fd/*")
	for _, file := range files {
		target, err := os.Readlink(file)
		inode, ok := strings.CutPrefix(target, "socket:[")
		if err != nil || !ok {
			continue
		}
		inode = strings.TrimSuffix(inode, "]")
		dir := filepath.Dir(filepath.Dir(file))
		name, _ := os.ReadFile(dir + "/comm")
		held[inode] = append(held[inode], fmt.Sprintf("(%q,pid=%s,fd=%s)", strings.TrimSpace(string(name)), filepath.Base(dir), filepath.Base(file)))
	}
	owners := map[string]string{}
	for inode, list := range held {
		owners[inode] = "users:(" + strings.Join(list, ",") + ")"
	}
	return owners
}

// services are names of ports: "22/tcp" is ssh (services(5)).
func services(file string) map[string]string {
	names := map[string]string{}
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && !strings.HasPrefix(f[0], "#") {
			names[f[1]] = f[0]
		}
	}
	return names
}

// summary counts sockets, as the kernel does.
func summary(proc string, out io.Writer) error {
	text, err := os.ReadFile(proc + "/net/sockstat")
	if err != nil {
		return err
	}
	number := map[string]string{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		for i := 1; i+1 < len(f); i += 2 {
			number[f[0]+f[i]] = f[i+1]
		}
	}
	_, err = fmt.Fprintf(out, "Total: %s\nTCP:   %s (orphaned %s, timewait %s)\nUDP:   %s\n",
		number["sockets:used"], number["TCP:inuse"], number["TCP:orphan"], number["TCP:tw"], number["UDP:inuse"])
	return err
}
