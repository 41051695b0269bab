package blank

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/disk"
)

// Device refuses a block device that is not blank, saying what was found where, and what a person types who means it. The
// tree at /sys tells its name's meaning.
func Device(ctx context.Context, sys fs.FS, name string) error {
	d, err := disk.Of(sys, name)
	if err != nil {
		return err
	}
	err = device(ctx, d)
	if used := (*Used)(nil); errors.As(err, &used) || errors.Is(err, errPartitions) {
		return fmt.Errorf("%s is not blank: %w; if it may be lost: uinitctl disk erase %s %s", d, err, d.File(), d.Word())
	}
	if err != nil {
		return fmt.Errorf("looking whether %s is blank: %w", d, err)
	}
	return nil
}

var errPartitions = errors.New("the kernel knows partitions of it")

func device(ctx context.Context, d disk.Device) error {
	f, err := direct.Open(d.File(), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := Check(ctx, f, d.Bytes); err != nil {
		return err
	}
	if len(d.Partitions) > 0 {
		return errPartitions
	}
	return nil
}
