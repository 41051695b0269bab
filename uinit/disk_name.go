package main

import (
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// described is a device with its size, place and serial number, also where it has just gone.
func described(name string) string {
	d, err := disk.Of(dev.Sys(), name)
	if err != nil {
		return name
	}
	return d.String()
}
