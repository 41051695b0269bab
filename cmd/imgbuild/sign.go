package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/slot"
)

func (a *app) signCommand() *cobra.Command {
	var key, cert, output string
	c := &cobra.Command{
		Use: "sign FILE.efi|NAME.update", Short: "Sign a UEFI program for Secure Boot, or a version for boxes that update",
		Long: `Signs a UEFI program, such as the NAME.efi of format uki, with an RSA key; firmware
that trusts the certificate starts it. The file is replaced as a whole, or OUTPUT is
written. A profile's [secureboot] does the same for every medium at the build.

Signs the NAME.update of format update with a key of SSH, for boxes that have its public
half in update.keys, and writes NAME.update.sig beside it, or OUTPUT. The key is a
private one, or a .pub whose private half ssh-agent has. ssh-keygen(1) does it; by hand:

  imgbuild cat NAME.update manifest.json | ssh-keygen -Y sign -n imgbuild-update -f KEY > NAME.update.sig`,
		Example: `  imgbuild genkey vendor
  imgbuild sign box.efi --key vendor.key --cert vendor.crt
  imgbuild sign out/box/box.update --key ~/.ssh/id_ed25519`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes one UEFI program or one NAME.update, got %s", c.CommandPath(), count(len(args), "argument"))}
			}
			if isUpdate(args[0]) {
				return updateFlags(c, key, cert)
			}
			if key == "" || cert == "" {
				return usageError{fmt.Errorf("%s needs --key and --cert; \"imgbuild genkey\" makes both", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if output == "" {
				output = args[0]
				if isUpdate(args[0]) {
					output += slot.SignatureSuffix
				}
			}
			if err := writable("output", output); err != nil {
				return err
			}
			if isUpdate(args[0]) {
				if err := a.signUpdate(c.Context(), args[0], output, key); err != nil {
					return fmt.Errorf("signing %s: %w", args[0], err)
				}
			} else if err := sign(args[0], output, key, cert); err != nil {
				return fmt.Errorf("signing %s: %w", args[0], err)
			}
			_, err := fmt.Fprintln(a.stdout, output)
			return err
		},
	}
	c.Flags().StringVar(&key, "key", "", "`FILE` with the private RSA key in PEM, or for a NAME.update a key of SSH")
	c.Flags().StringVar(&cert, "cert", "", "`FILE` with its certificate in PEM")
	c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of replacing the program, or NAME.update.sig")
	for _, name := range []string{"key", "cert", "output"} {
		_ = c.MarkFlagFilename(name)
	}
	return c
}

func sign(program, output, keyFile, certFile string) (err error) {
	key, err := uki.ReadKey(keyFile)
	if err != nil {
		return err
	}
	cert, err := uki.ReadCertificate(certFile)
	if err != nil {
		return err
	}
	f, err := os.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	signed, err := uki.Sign(io.NewSectionReader(f, 0, info.Size()), key, cert)
	if err != nil {
		return err
	}
	// Signed, it holds the same secrets as before.
	out, err := renameio.NewPendingFile(output, renameio.WithStaticPermissions(info.Mode().Perm()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Cleanup()) }()
	if _, err := io.Copy(out, io.NewSectionReader(signed, 0, signed.Size())); err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}
