package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/repack"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

func (a *app) repackCommand() *cobra.Command {
	var i imageFlags
	var overlay, output string
	c := &cobra.Command{
		Use: "repack IMAGE --overlay DIR", Short: "Add files to an initramfs or a squashfs of any maker", Args: oneImage,
		Long: `Lays the files of a directory over an initramfs or a squashfs, and writes the result
to IMAGE.new, or to the file that -o names.

In an initramfs, microcode stays first, as it is to the bit. What follows is packed anew as
one archive, so that lsinitramfs, unmkinitramfs, lsinitrd and cpio(1) read it: compressed as it
was, with files, order, modes, times and hard links as they were. Only what was packed by bzip2
or lzop is packed by zstd, and a line says so. A squashfs is made anew by mksquashfs, with
the same compressor and block size, owners and times. Files belong to root and keep the
permissions that they have in the directory; where not everybody may read one of them, nobody
but the owner may read the result.`,
		Example: `  mkdir -p add/etc && echo hello > add/etc/motd
  imgbuild repack /boot/initrd.img --overlay add -o initrd-with-motd.img`,
		RunE: func(c *cobra.Command, args []string) error {
			if overlay == "" {
				return usageError{errors.New("--overlay DIR is missing: the files to add")}
			}
			info, err := os.Stat(overlay)
			if err != nil || !info.IsDir() {
				return usageError{fmt.Errorf("--overlay %s is no directory", overlay)}
			}
			m, err := i.open(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			if output == "" {
				output = args[0] + ".new"
			}
			if err := writable("output", output); err != nil {
				return err
			}
			secrets, err := a.addedSecrets(overlay)
			if err != nil {
				return err
			}
			step := a.reporter().Step("repacking "+m.Name, 0)
			packing, err := repackInto(c.Context(), output, m, overlay, secrets)
			step.Done(err)
			if err != nil {
				return err
			}
			if packing.Is != packing.Was && !a.quiet {
				fmt.Fprintf(a.stderr, "%s was packed by %s, which can only be read here, and is packed by %s now: the kernel must have CONFIG_RD_ZSTD (Linux 5.9 and later)\n", m.Name, packing.Was, packing.Is)
			}
			fmt.Fprintln(a.stdout, output)
			return nil
		},
	}
	c.Flags().StringVar(&overlay, "overlay", "", "`DIR` whose files are added")
	c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` (default IMAGE.new)")
	_ = c.MarkFlagDirname("overlay")
	_ = c.MarkFlagFilename("output")
	i.flags(c)
	return c
}

func oneImage(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return usageError{fmt.Errorf("%s takes one image, got %d", c.CommandPath(), len(args))}
}

// addedSecrets says whether a directory holds what not everybody may read, and what that is.
func (a *app) addedSecrets(overlay string) (bool, error) {
	secrets, err := repack.Secrets(overlay, os.DirFS(overlay))
	var paths []string
	for _, s := range secrets {
		paths = append(paths, "/"+s.Path)
		if s.Open && !a.quiet {
			fmt.Fprintf(a.stderr, "warning: /%s looks like a secret, and everybody can read it in the image; chmod 0600 %s keeps it to root\n", s.Path, filepath.Join(overlay, s.Path))
		}
	}
	if len(paths) > 0 && !a.quiet {
		fmt.Fprintf(a.stderr, "the result is readable by its owner alone (0600): it contains %s\n", strings.Join(paths, ", "))
	}
	return len(secrets) > 0, err
}

// repackInto writes next to the output, and puts the whole in its place at the end.
func repackInto(ctx context.Context, output string, m *image.Image, overlay string, secrets bool) (packing repack.Packing, err error) {
	dir, err := scratch.New(filepath.Dir(output))
	if err != nil {
		return packing, fmt.Errorf("writing %s: %w", output, err)
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	// What a boot loader could read it must still be able to, unless there is something in it now that not everybody may see.
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(m.Name); err == nil {
		mode = info.Mode().Perm()
	}
	if secrets {
		mode &= 0o700
	}
	out, err := renameio.NewPendingFile(output, renameio.WithTempDir(dir.Path), renameio.WithStaticPermissions(mode))
	if err != nil {
		return packing, fmt.Errorf("writing %s: %w", output, err)
	}
	defer out.Close() // what was not put in place goes with the directory
	switch m.Kind {
	case image.Initramfs:
		packing, err = repack.Initramfs(ctx, out, m, overlay, os.DirFS(overlay))
	case image.Squashfs:
		err = repack.Squashfs(ctx, out.Name(), m, overlay, os.DirFS(overlay))
	default:
		err = fmt.Errorf("repacking %s: it is of the kind %q; accepted: an initramfs, a squashfs", m.Name, m.Kind)
	}
	if err != nil {
		return packing, err
	}
	return packing, out.CloseAtomicallyReplace()
}
