package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/leash"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
)

// tool makes a file system in a file.
type tool struct {
	// pkg is Debian's package that has it.
	pkg string
	// command is the program and its arguments; label and path go after it.
	command []string
	// label is the option that takes the label.
	label string
}

var tools = map[string]tool{
	// root_owner keeps the caller's user number out of the file system.
	"ext4": {"e2fsprogs", []string{"mke2fs", "-q", "-F", "-t", "ext4", "-E", "root_owner=0:0"}, "-L"},
	"xfs":  {"xfsprogs", []string{"mkfs.xfs", "-q", "-f"}, "-L"},
	"vfat": {"dosfstools", []string{"mkfs.vfat"}, "-n"},
}

// mkfs is the command line that makes the disk's file system at path, and the
// package it comes from; nil where the disk is to stay blank.
func mkfs(d profile.RunDisk, path string) (command []string, pkg string, err error) {
	if d.Filesystem == "" {
		return nil, "", nil
	}
	t, ok := tools[d.Filesystem]
	if !ok {
		return nil, "", fmt.Errorf("file system %q; accepted: ext4, xfs, vfat", d.Filesystem)
	}
	command = append(command, t.command...)
	if d.Label != "" {
		command = append(command, t.label, d.Label)
	}
	return append(command, path), t.pkg, nil
}

// makeDisk makes a sparse raw disk at path, in place of what was there.
func makeDisk(ctx context.Context, d profile.RunDisk, path string) error {
	command, pkg, err := mkfs(d, path)
	if err != nil {
		return err
	}
	os.Remove(path)
	if err := blankFile(path, int64(d.Size)); err != nil || command == nil {
		return err
	}
	return fill(ctx, command, pkg)
}

// blankFile makes a file of holes, where there is none.
func blankFile(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// fill runs the command that makes a disk's file system.
func fill(ctx context.Context, command []string, pkg string) error {
	program, err := lookTool(command[0])
	if err != nil {
		return &qemu.MissingError{What: command[0], Package: pkg}
	}
	var said bytes.Buffer
	cmd := leash.Command(ctx, syscall.SIGKILL, program, command[1:]...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, strings.TrimSpace(said.String()))
	}
	return nil
}

// lookTool looks in the directories for root's programs too, which an ordinary
// user's path leaves out.
func lookTool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}
