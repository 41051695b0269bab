package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/scratch"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/sshkey"
)

func (a *app) verifyCommand() *cobra.Command {
	var keys []string
	c := &cobra.Command{
		Use: "verify NAME.update", Short: "Look whether a version is whole, and signed",
		Long: `Reads a NAME.update and compares each part of it with its manifest. With --key it
looks whether NAME.update.sig, beside it, was made by one of these keys, as a box does
that has them in update.keys. It prints the profile's name and the version.`,
		Example: `  imgbuild verify out/box/box.update --key ~/.ssh/id_ed25519.pub`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes one NAME.update, got %s", c.CommandPath(), count(len(args), "argument"))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readUpdate(c.Context(), args[0])
			if err == nil && len(keys) > 0 {
				err = a.verifySignature(c.Context(), text, args[0]+slot.SignatureSuffix, keys)
			}
			if err != nil {
				return fmt.Errorf("verifying %s: %w", args[0], err)
			}
			m, err := slot.ParseManifest(text)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s %s\n", m.Profile, m.Version)
			return err
		},
	}
	c.Flags().StringArrayVar(&keys, "key", nil, "`FILE` with a public key of SSH, of which one must have signed it; may be repeated")
	_ = c.MarkFlagFilename("key")
	return c
}

// verifySignature has ssh-keygen say whether one of the keys signed a text.
func (a *app) verifySignature(ctx context.Context, text []byte, signature string, keys []string) (err error) {
	var signers strings.Builder
	for _, file := range keys {
		line, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		key := strings.TrimSpace(string(line))
		if err := sshkey.Check(key); err != nil {
			return fmt.Errorf("--key %s: %w", file, err)
		}
		fmt.Fprintf(&signers, "signer %s\n", key) // ssh-keygen(1), ALLOWED SIGNERS
	}
	if _, err := os.Stat(signature); err != nil {
		return fmt.Errorf("it is not signed, which \"imgbuild sign\" does: %w", err)
	}
	dir, err := scratch.New("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	if err := os.WriteFile(dir.Join("signers"), []byte(signers.String()), 0o600); err != nil {
		return err
	}
	if _, err = a.sshKeygen(ctx, text, "-Y", "verify", "-n", slot.Namespace, "-I", "signer", "-f", dir.Join("signers"), "-s", signature); err != nil {
		return fmt.Errorf("%s is not by the key that --key names, or of another version: %w", signature, err)
	}
	return nil
}
