// Package ssh prepares the SSH server: its host key and its command. The server itself is a program of the
// image's busybox (build/gobin/sshd), so that what faces the network is neither in PID 1 nor in the worker,
// and images without it are smaller by 1.4 MB.
package ssh

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/slack"
	"github.com/imgbuild/imgbuild/uinit/ssh/plan"
)

// Key is the host key as far as others may know it.
type Key struct {
	// Fingerprint is that of ssh-keygen -l: SHA256:…
	Fingerprint string
	// Kept says that the next boot will have the same one.
	Kept bool
}

// Keys makes and finds host keys.
type Keys struct {
	// Ready returns when the random pool is good for a key.
	Ready func(context.Context) error
	// Make has the key made unless it is there, and returns its fingerprint; see MakeKey.
	Make func(ctx context.Context, file string) (string, error)
	// Kept says whether a directory is on something that lasts; see bounded.OnDisk.
	Kept func(dir string) bool
}

// Prepare sees to it that there is a host key. Where its directory's file system did not come up the key is
// made in memory, in its place: clients will complain of another key, which is better than a
// box that nobody can reach.
func (k Keys) Prepare(ctx context.Context, c spec.SSH) (Key, error) {
	if err := k.Ready(ctx); err != nil {
		return Key{}, fmt.Errorf("making the host key: %w", err)
	}
	file := plan.KeyFile(c)
	kept := c.State != "" && k.Kept(filepath.Dir(file))
	if c.HostKeyFile != (spec.Source{}) { // which was copied there, or could not be
		_, err := os.Stat(file)
		kept = err == nil
	}
	fingerprint, err := k.Make(ctx, file)
	if err != nil {
		return Key{}, err
	}
	return Key{Fingerprint: fingerprint, Kept: kept}, nil
}

// MakeKey has the server's program make the key.
func MakeKey(ctx context.Context, file string) (string, error) {
	return makeKey(ctx, plan.Program, file)
}

func makeKey(ctx context.Context, program, file string) (string, error) {
	out, err := slack.Output(exec.CommandContext(ctx, program, "-key", file, "-make-key"))
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return "", errors.New(strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("making the host key: %w", err)
	}
	fingerprint := strings.TrimSpace(string(out))
	if !strings.HasPrefix(fingerprint, "SHA256:") || strings.ContainsAny(fingerprint, " \n") {
		return "", fmt.Errorf("making the host key: %s printed %.80q, not a fingerprint", program, fingerprint)
	}
	return fingerprint, nil
}
