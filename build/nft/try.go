package nft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/leash"
)

// Program is nft(8) in an image.
const Program = "/usr/sbin/nft"

// limit is for a try, which takes some milliseconds.
const limit = 20 * time.Second

// DoubtError says that rules could not be judged here.
type DoubtError struct {
	Why string
	// Messages are the kernel's, which a kernel with more in it need not share.
	Messages []Message
}

func (e *DoubtError) Error() string { return e.Why }

// Try loads the rules of an image's file tree below root with that tree's own nft into a network of their
// own, which ends with it; it needs no privilege. It returns what is wrong with them, or a *DoubtError
// where this machine's kernel can't tell.
func Try(ctx context.Context, root, rules string) ([]Message, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var said bytes.Buffer
	cmd := leash.Command(ctx, syscall.SIGKILL, Program, "-f", rules)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", []string{"PATH=/usr/sbin", "LC_ALL=C"}, &said, &said
	cmd.Err = nil // the program is looked for below root, not here
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Chroot:      root,
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("trying %s: nft did not end within %v", rules, limit)
	case !errors.As(err, &exit):
		return nil, &DoubtError{Why: fmt.Sprintf("this machine lets nobody try them in a network of their own (%v)", err)}
	}
	found := Messages(said.String())
	switch {
	case len(found) == 0:
		return nil, &DoubtError{Why: "nft can't work on this machine's kernel: " + firstLine(said.String())}
	case doubtful(found):
		return nil, &DoubtError{Why: fmt.Sprintf("this machine's kernel, which may lack what the image's has, refuses %s:%d: %s", found[0].Path, found[0].Line, found[0].Text), Messages: found}
	}
	return found, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
