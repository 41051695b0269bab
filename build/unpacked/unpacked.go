// Package unpacked runs programs of Debian packages that are unpacked and not installed.
package unpacked

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/leash"
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
	_, err := p.Output(ctx, args...)
	return err
}

// Output is Run, and returns what the program printed.
func (p Program) Output(ctx context.Context, args ...string) (string, error) {
	libraries := []string{}
	for _, lib := range []string{"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"} {
		libraries = append(libraries, filepath.Join(p.Root, lib))
	}
	args = append([]string{"--library-path", strings.Join(libraries, ":"), filepath.Join(p.Root, p.Path)}, args...)
	var printed, said bytes.Buffer
	cmd := leash.Command(ctx, syscall.SIGKILL, filepath.Join(p.Root, "lib64/ld-linux-x86-64.so.2"), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Stdin, &printed, &said
	cmd.Env = append([]string{"LC_ALL=C", "PATH=/nonexistent"}, p.Env...)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running %s: %w", filepath.Base(p.Path), errors.Join(err, errors.New(string(bytes.TrimSpace(append(said.Bytes(), printed.Bytes()...))))))
	}
	return printed.String(), nil
}
