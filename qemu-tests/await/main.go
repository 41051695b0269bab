// Command await runs in a guest and returns when something has come up. It sleeps until the kernel tells it of
// news, and has no limit: who asks has one.
//
//	await disk SERIAL…   the kernel announced disks with these serial numbers; prints their names, a line each
//	await bare SERIAL    this disk is there, and the kernel shows no partitions of it; prints its name
//	await file PATH…     all of these files are there
//	await said TEXT      does not wait: prints when the kernel said this last, in seconds since it started
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

func main() {
	var err error
	switch words := os.Args[2:]; os.Args[1] {
	case "disk":
		err = disks(words, func([]md.Member) bool { return true })
	case "bare":
		err = disks(words, func(found []md.Member) bool { return !md.Partitions(dev.Sys(), found[0].Device) })
	case "file":
		err = files(words)
	case "said":
		err = said(words[0])
	default:
		err = fmt.Errorf("%q is not known", os.Args[1])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "await %s: %v\n", strings.Join(os.Args[1:], " "), err)
		os.Exit(1)
	}
}

func disks(serials []string, and func([]md.Member) bool) error {
	ctx := context.Background()
	monitor, err := dev.Listen(ctx)
	if err != nil {
		return err
	}
	var found []md.Member
	var texts []string
	for _, s := range serials {
		texts = append(texts, "serial="+s)
	}
	err = monitor.Wait(ctx, "block", func() (complete bool, err error) {
		found, complete, err = md.Find(dev.Sys(), texts)
		return complete && err == nil && and(found), err
	})
	for _, m := range found {
		fmt.Println(m.Device)
	}
	return err
}

// said reads the kernel's records (Documentation/ABI/testing/dev-kmsg): priority, number, microseconds; text.
func said(text string) error {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	last := -1
	for record := make([]byte, 8192); ; {
		n, err := unix.Read(fd, record)
		if err == unix.EAGAIN && last >= 0 {
			fmt.Println(float64(last) / 1e6)
			return nil
		}
		if err == unix.EPIPE || err == unix.EINTR { // some were overwritten
			continue
		}
		if err != nil {
			return err
		}
		if fields := strings.SplitN(string(record[:n]), ",", 4); len(fields) == 4 && strings.Contains(fields[3], text) {
			if last, err = strconv.Atoi(fields[2]); err != nil {
				return err
			}
		}
	}
}

// files watches the files' folders. What a folder did before it was watched, the first look finds.
func files(paths []string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, p := range paths {
		if _, err := unix.InotifyAddWatch(fd, filepath.Dir(p), unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
			return fmt.Errorf("watching %s: %w", filepath.Dir(p), err)
		}
	}
	there := func(p string) bool { _, err := os.Stat(p); return err == nil }
	events := make([]byte, 4096)
	for slices.ContainsFunc(paths, func(p string) bool { return !there(p) }) {
		if _, err := unix.Read(fd, events); err != nil && err != unix.EINTR {
			return err
		}
	}
	return nil
}
