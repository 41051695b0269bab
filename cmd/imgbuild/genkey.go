package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/uki"
)

func (a *app) genkeyCommand() *cobra.Command {
	var bits, years int
	c := &cobra.Command{
		Use: "genkey NAME", Short: "Make a key and certificate for Secure Boot",
		Long: `Makes NAME.key, a private RSA key that only you can read, NAME.crt, its certificate
in PEM for [secureboot] and "imgbuild sign", and NAME.cer, the same in DER, which
firmware's set-up reads from a stick. Existing files are never overwritten.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes one name, got %s", c.CommandPath(), count(len(args), "argument"))}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if bits != 2048 && bits != 3072 && bits != 4096 {
				return usageError{fmt.Errorf("--bits %d; accepted: 2048, which all firmware takes, 3072 or 4096", bits)}
			}
			if years < 1 || years > 50 {
				return usageError{fmt.Errorf("--years %d; accepted: 1 to 50", years)}
			}
			made, err := genkey(args[0], bits, years)
			for _, name := range made {
				fmt.Fprintln(a.stdout, name)
			}
			return err
		},
	}
	c.Flags().IntVar(&bits, "bits", 2048, "the key's size in `BITS`")
	c.Flags().IntVar(&years, "years", 10, "how many `YEARS` the certificate is valid")
	return c
}

// genkey writes all files or, where one exists, none.
func genkey(name string, bits, years int) (made []string, err error) {
	files := []string{name + ".key", name + ".crt", name + ".cer"}
	for _, f := range files {
		if _, err := os.Lstat(f); err == nil {
			return nil, fmt.Errorf("making a key: %s exists, and is not overwritten: what it signed could not be signed again", f)
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("making a key: %w", err)
		}
	}
	key, cert, err := uki.GenKey(filepath.Base(name), bits, time.Now().UTC().Truncate(time.Second), years)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, f := range made {
				os.Remove(f)
			}
			made = nil
		}
	}()
	for i, content := range [][]byte{uki.EncodeKey(key), uki.EncodeCertificate(cert), cert.Raw} {
		mode := os.FileMode(0o644)
		if i == 0 {
			mode = 0o600
		}
		f, err := os.OpenFile(files[i], os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return made, fmt.Errorf("making a key: %w", err)
		}
		made = append(made, files[i])
		_, err = f.Write(content)
		if err := errors.Join(err, f.Close()); err != nil {
			return made, fmt.Errorf("making a key: %w", err)
		}
	}
	return made, nil
}
