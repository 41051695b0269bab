package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/account"
)

// takeHostPassword gives root the password whose hash the machine's host hands over for this boot, and says whether
// there was one.
func takeHostPassword(load func(module string) error) (taken bool, err error) {
	if err := load("qemu_fw_cfg"); err != nil {
		return false, err
	}
	raw, err := os.ReadFile("/sys/firmware/qemu_fw_cfg/by_name/" + report.FWRootHash + "/raw")
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // not under QEMU, or its user hands over nothing
	}
	if err != nil {
		return false, fmt.Errorf("reading root's password from the host: %w", err)
	}
	hash, err := account.ParseHash(raw)
	if err != nil {
		return false, fmt.Errorf("reading root's password from the host: %w", err)
	}
	if err := account.Apply("/etc/shadow", "root", hash); err != nil {
		return false, err
	}
	return true, nil
}
