// Package unpacked runs programs of Debian packages that are unpacked and not installed.
package unpacked

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is a program below a folder that holds it with its libraries and their loader, as
// they would lie on a system.
type Program struct {
	// Root is the folder, Path the program's place in it, such as usr/sbin/mke2fs.
	Root, Path string
	// Env is all of its environment, besides the locale.
	Env []string
	// Stdin is what it reads; nil for nothing.
	Stdin io.Reader
}

// Run runs the program by the loader of its own packages, so that it needs nothing of the host.
func (p Program) Run(ctx context.Context, args ...string) error {
	libraries := []string{}
	for _, lib := range []string{"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"} {
		libraries = append(libraries, filepath.Join(p.Root, lib))
	}
	args = append([]string{"--library-path", strings.Join(libraries, ":"), filepath.Join(p.Root, p.Path)}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(p.Root, "lib64/ld-linux-x86-64.so.2"), args...)
	cmd.Stdin = p.Stdin
	cmd.Env = append([]string{"LC_ALL=C", "PATH=/nonexistent"}, p.Env...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w", filepath.Base(p.Path), errors.Join(err, errors.New(string(bytes.TrimSpace(said)))))
	}
	return nil
}
