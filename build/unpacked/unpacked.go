// Package unpacked runs programs of Debian packages that are unpacked and not installed.
package unpacked

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	// AsRoot has the program see itself as root, by a user namespace in which nobody else is. Where the machine gives us none the
	// program sees who we are.
	AsRoot bool
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
	start := func(attributes *syscall.SysProcAttr) (*leash.Cmd, error) {
		cmd := leash.Command(ctx, syscall.SIGKILL, filepath.Join(p.Root, "lib64/ld-linux-x86-64.so.2"), args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.Stdin, &printed, &said, attributes
		cmd.Env = append([]string{"LC_ALL=C", "PATH=/nonexistent"}, p.Env...)
		return cmd, cmd.Start()
	}
	cmd, err := start(p.attributes())
	if err != nil && p.attributes() != nil { // nothing of its input was read
		cmd, err = start(nil)
	}
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return "", fmt.Errorf("running %s: %w", filepath.Base(p.Path), errors.Join(err, errors.New(string(bytes.TrimSpace(append(said.Bytes(), printed.Bytes()...))))))
	}
	return printed.String(), nil
}

// attributes are those of a process that is root in a namespace of its own; nil for one that need not be, or is root here.
func (p Program) attributes() *syscall.SysProcAttr {
	if !p.AsRoot || os.Getuid() == 0 && os.Getgid() == 0 {
		return nil
	}
	own := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: own(os.Getuid()), GidMappings: own(os.Getgid())}
}
