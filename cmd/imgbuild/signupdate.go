package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// updateSuffix is what the names of versions for boxes that update end in.
const updateSuffix = ".update"

func isUpdate(name string) bool { return strings.HasSuffix(name, updateSuffix) }

// updateFlags are the rules of sign's flags for a version.
func updateFlags(c *cobra.Command, key, cert string) error {
	if cert != "" {
		return usageError{errors.New("--cert goes with a UEFI program: boxes know a version by a key of SSH")}
	}
	if key == "" {
		return usageError{fmt.Errorf("%s needs --key for a version: a private key of SSH, such as ~/.ssh/id_ed25519, or a .pub whose private half ssh-agent has", c.CommandPath())}
	}
	return nil
}

// signUpdate has ssh-keygen sign what a version says of itself (PROTOCOL.sshsig of OpenSSH), once its parts are found to be as that says.
func (a *app) signUpdate(ctx context.Context, file, output, key string) error {
	manifest, err := readUpdate(ctx, file)
	if err != nil {
		return err
	}
	// ssh-keygen's own word is about the file's text.
	if info, err := os.Stat(key); err != nil {
		return fmt.Errorf("--key: %w", err)
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("--key: %s is no file; accepted: a private key of SSH, or a .pub whose private half ssh-agent has", key)
	}
	signature, err := a.sshKeygen(ctx, manifest, "-Y", "sign", "-n", slot.Namespace, "-f", key)
	if err != nil {
		return err
	}
	return renameio.WriteFile(output, signature, 0o644)
}

// sshKeygen runs ssh-keygen(1). What it has to say to the person, or to ask, is between the two.
func (a *app) sshKeygen(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		return nil, fmt.Errorf("it takes ssh-keygen of OpenSSH 8.2 or later, which is in Debian's package openssh-client: %w", err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, a.stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ssh-keygen %s: %w", strings.Join(args[:2], " "), err)
	}
	return out.Bytes(), nil
}

// readUpdate returns the text of the manifest that a version begins with, and has read all the rest to see whether it is what that says.
func readUpdate(ctx context.Context, file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := slot.ReadHead(f)
	if err != nil {
		return nil, err
	}
	m, err := slot.ParseManifest(text)
	if err != nil {
		return nil, err
	}
	for i, p := range m.Parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sum := sha256.New()
		if n, err := io.Copy(sum, io.NewSectionReader(f, p.Offset, p.Size)); err != nil {
			return nil, err
		} else if n < p.Size {
			return nil, fmt.Errorf("it ends in part %d of %d, at byte %d of %d", i+1, len(m.Parts), p.Offset+n, m.Size)
		}
		if hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
			return nil, fmt.Errorf("part %d of %d, %d bytes from byte %d on, is not what the manifest says", i+1, len(m.Parts), p.Size, p.Offset)
		}
	}
	info, err := f.Stat()
	if err == nil && info.Size() != m.Size {
		err = fmt.Errorf("it has %d bytes, and its manifest says %d", info.Size(), m.Size)
	}
	return text, err
}
