package main

import (
	"errors"
	"io/fs"
	"os"
)

// beside is where systemd-stub unpacks what lies on the ESP beside the program that it is part of, signed or not: files named
// *.cred and *.raw (pack_cpio in its src/boot/efi/cpio.c). They are nobody's here.
const beside = "/.extra"

// dropBeside removes it before anything could look there, and says whether there was something.
func dropBeside(dir string) (found bool, err error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, os.RemoveAll(dir)
}
