//go:build !noarray

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/uinit/md"
)

// unused refuses disks that somebody uses, and says who.
func unused(disks ...md.Member) error {
	var failed []error
	for _, d := range disks {
		r, err := holder.Reserve("/dev/"+strings.ReplaceAll(d.Device, "!", "/"), os.O_RDWR)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", d, err))
			continue
		}
		r.Release()
	}
	return errors.Join(failed...)
}
