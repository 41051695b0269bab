package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// hunt waits for processes that come into the container from outside, and tries what of the machine they still hold: their program
// (CVE-2019-5736), their root and directory, what they have open (CVE-2024-21626). It says what it found, and how many it has seen.
func init() {
	loads["hunt"] = func([]string) error {
		seen, told := map[string]bool{}, map[string]bool{}
		tell := func(what string) {
			if !told[what] {
				told[what] = true
				fmt.Println("found", what)
			}
		}
		for n := 0; ; {
			all, _ := filepath.Glob("/proc/[0-9]*")
			for _, dir := range all {
				if dir == "/proc/1" || dir == "/proc/"+itoa(os.Getpid()) {
					continue
				}
				if !seen[dir] {
					seen[dir] = true
					n++
					fmt.Println("seen", n)
				}
				for what := range strings.FieldsSeq("root cwd") {
					if other("/", dir+"/"+what+"/.") == nil && what == "root" {
						tell("another root")
					}
					if to, err := os.Readlink(dir + "/" + what); err == nil && strings.HasPrefix(to, "(unreachable)") {
						tell(what + " " + to)
					}
				}
				prey(dir+"/exe", "program", tell)
				files, _ := filepath.Glob(dir + "/fd/*")
				for _, fd := range files {
					if to, err := os.Readlink(fd); err == nil && !strings.HasPrefix(to, "pipe:") && !strings.HasPrefix(to, "socket:") && !strings.HasPrefix(to, "anon_inode:") && !strings.HasPrefix(to, "/dev/") && !strings.HasPrefix(to, "/proc/") {
						prey(fd, "file "+to, tell)
					}
				}
			}
		}
	}
}

// prey tries to write to what a process holds; opening it once more by this process' own name for it is what the kernel allows longest.
func prey(link, what string, tell func(string)) {
	fd, err := unix.Open(link, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var about unix.Stat_t
	if unix.Fstat(fd, &about) != nil || about.Mode&unix.S_IFMT != unix.S_IFREG {
		return
	}
	again, err := unix.Open("/proc/self/fd/"+itoa(fd), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(again)
		tell(what + ", to write")
	}
}
