package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/flash"
)

// target finds out what a path stands for; links are followed, so that the disk's own name is what is asked for.
func target(path string) (flash.Disk, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return flash.Disk{}, usageError{fmt.Errorf("%w; \"imgbuild flash IMAGE\" lists disks; a plain file must be there already, with the size of the disk that it stands for", err)}
	}
	if err != nil {
		return flash.Disk{}, err
	}
	if info.Mode().IsRegular() {
		return thisMachine().Plain(path, info.Size())
	}
	if info.Mode()&os.ModeDevice == 0 || info.Mode()&os.ModeCharDevice != 0 {
		return flash.Disk{}, usageError{fmt.Errorf("%s is neither a disk nor a plain file", path)}
	}
	number, err := deviceNumber(info)
	if err != nil {
		return flash.Disk{}, err
	}
	d, part, err := thisMachine().Find(number)
	if err != nil {
		return d, err
	}
	if part != "" {
		return d, usageError{fmt.Errorf("%s is a partition; an image is written to the whole disk: %s", path, d.Path)}
	}
	d.Path = path
	return d, nil
}

// confirm says what the disk holds, and asks for its name.
func (f *flashing) confirm(ctx context.Context, m *image.Image, d flash.Disk, contents []flash.Content) error {
	if !f.yes || !f.quiet {
		fmt.Fprintln(f.stderr, d)
		for _, line := range holds(contents) {
			fmt.Fprintln(f.stderr, line)
		}
	}
	if f.yes {
		return nil
	}
	fmt.Fprintf(f.stderr, "All that is on it will be lost. Type its name, %s, to write %s to it: ", d.Confirmation(), m.Name)
	typed := make(chan string, 1)
	go func() {
		in := bufio.NewScanner(f.stdin)
		if !in.Scan() { // nobody ended the line
			fmt.Fprintln(f.stderr)
		}
		typed <- strings.TrimSpace(in.Text())
	}()
	select {
	case name := <-typed:
		if name == d.Confirmation() {
			return nil
		}
	case <-ctx.Done(): // whoever waits at a terminal is not waited for
		fmt.Fprintln(f.stderr)
	}
	return &flash.RefusedError{Path: d.Path, Reason: fmt.Sprintf("its name, %s, was not typed; nothing was written (--yes writes without asking)", d.Confirmation())}
}

// holds lists what lies on a disk.
func holds(contents []flash.Content) (lines []string) {
	for _, c := range contents {
		if text := c.String(); text != "" {
			lines = append(lines, "  holds "+text)
		}
	}
	if lines == nil {
		lines = []string{"  holds nothing that is known here"}
	}
	return lines
}

// deviceNumber is major:minor of a block device.
func deviceNumber(info os.FileInfo) (string, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("finding the number of the device %s: this system does not tell", info.Name())
	}
	return fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev)), nil
}

// same tells whether two paths lead to one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
