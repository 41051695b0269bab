//go:build !noarray

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// unused refuses the first disk that somebody uses, and says who.
func unused(disks ...md.Member) error {
	for _, d := range disks {
		r, err := holder.Reserve("/dev/"+strings.ReplaceAll(d.Device, "!", "/"), os.O_RDWR)
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		r.Release()
	}
	return nil
}
