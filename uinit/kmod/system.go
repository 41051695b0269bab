package kmod

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// System is the running kernel.
type System struct {
	// Dir is /lib/modules/RELEASE.
	Dir string
}

// Dir returns the running kernel's directory of modules.
func Dir() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("reading the kernel's release: %w", err)
	}
	return filepath.Join("/lib/modules", unix.ByteSliceToString(u.Release[:])), nil
}

// Load calls finit_module(2). The kernel answers EEXIST for one that is loaded.
func (s System) Load(file, parameters string) error {
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
