package squashfs

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/unpacked"
)

// MakeFrom writes a new file system at out of a tar archive that write writes: as it is, with owners and extended attributes. Only
// its root is root's, with the mode 0755, whatever the archive says.
func MakeFrom(ctx context.Context, out string, c Config, write func(*tar.Writer) error) error {
	options := append([]string{"-xattrs", "-root-mode", "755"}, c.options()...)
	return c.run(ctx, out, options, true, func(w io.Writer) error {
		t := tar.NewWriter(w)
		if err := write(t); err != nil {
			return err
		}
		return t.Close()
	})
}

var errEnded = errors.New("mksquashfs has ended")

func (c Config) options() []string {
	options, known := compressions[c.Compression]
	if !known {
		panic("BUG: squashfs by " + c.Compression)
	}
	return options
}

// run has mksquashfs read what write writes. The root directory of an archive is whose who runs it is: asRoot has it run in a user
// namespace of its own, where it is root. Where there are none to be had it does without, and the root is the builder's.
func (c Config) run(ctx context.Context, out string, options []string, asRoot bool, write func(io.Writer) error) error {
	args := append([]string{"-", out, "-tar", "-noappend", "-quiet", "-no-progress", "-b", blockSize}, options...)
	in, pipe := io.Pipe()
	// Of a tar archive the root has no time; mksquashfs takes this one then, and for its own time, too.
	program := unpacked.Program{Root: c.Root, Path: Program, Env: []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", c.Epoch.Unix())}, Stdin: in, AsRoot: asRoot}
	wrote := make(chan error, 1)
	go func() {
		err := write(pipe)
		pipe.CloseWithError(err)
		wrote <- err
	}()
	err := program.Run(ctx, args...)
	in.CloseWithError(errEnded)
	// What mksquashfs says of an archive that breaks off is not the cause.
	if failed := <-wrote; failed != nil && !errors.Is(failed, errEnded) {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("making a squashfs: %w", err)
	}
	return nil
}
