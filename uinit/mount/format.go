package mount

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// margin is where partition tables, file systems and superblocks of arrays keep their marks, at both ends.
const margin = 1 << 20

// format makes an ext4 file system on a blank device. One that holds ext4 stays as it is; anything
// else is an error: what it is, somebody may want back.
func format(ctx context.Context, device string) error {
	f, err := openReadOnly(device)
	if err != nil {
		return err
	}
	defer f.Close()
	if id, ok := Probe(f); ok && id.Type == "ext4" {
		return nil
	}
	blank, err := isBlank(f)
	if err != nil {
		return fmt.Errorf("looking whether %s is blank: %w", device, err)
	}
	if !blank {
		return fmt.Errorf("%s holds no ext4 and is not blank; zeros in its first and last MiB say that it may be used", device)
	}
	if said, err := run(ctx, "/sbin/mke2fs", "-q", "-t", "ext4", device); err != nil {
		return fmt.Errorf("making a file system on %s: %w: %s", device, err, said)
	}
	return nil
}

func isBlank(f *os.File) (bool, error) {
	n := size(f)
	if n < 2*margin {
		return false, nil
	}
	block, zero := make([]byte, margin), make([]byte, margin)
	for _, at := range []int64{0, n - margin} {
		if _, err := io.ReadFull(io.NewSectionReader(f, at, margin), block); err != nil {
			return false, err
		}
		if !bytes.Equal(block, zero) {
			return false, nil
		}
	}
	return true, nil
}

// size is that of a device or an image, in bytes; 0 where it cannot be told.
func size(f io.Seeker) int64 {
	n, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0
	}
	return n
}
