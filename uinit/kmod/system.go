package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// System is the running kernel.
type System struct {
	// Dir is /lib/modules/RELEASE.
	Dir string
	// Sys is the tree at /sys.
	Sys fs.FS
}

// Dir returns the running kernel's directory of modules.
func Dir() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("reading the kernel's release: %w", err)
	}
	return filepath.Join("/lib/modules", unix.ByteSliceToString(u.Release[:])), nil
}

// Live says that a module is loaded and works (show_initstate in kernel/module/sysfs.c). Name is in underscores.
func (s System) Live(name string) bool {
	state, _ := fs.ReadFile(s.Sys, path.Join("module", name, "initstate"))
	return strings.TrimSpace(string(state)) == "live"
}

// Load calls finit_module(2). Of one that is loaded the kernel would read all, and check its signature, before it answers EEXIST.
func (s System) Load(file, parameters string) error {
	if s.Live(nameOf(file)) {
		return nil
	}
	f, err := os.Open(filepath.Join(s.Dir, file))
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), parameters, 0)
	switch {
	case errors.Is(err, unix.EEXIST):
		return nil
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOEXEC):
		return fmt.Errorf("%w (the kernel's log says which symbol or version)", err)
	}
	return err
}

// Unload calls delete_module(2) and does not wait for a busy module.
func (s System) Unload(name string) error { return unix.DeleteModule(name, unix.O_NONBLOCK) }
