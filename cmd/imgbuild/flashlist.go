package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/flash"
)

// thisMachine is where the kernel tells of its disks.
func thisMachine() flash.System { return flash.System{Sys: os.DirFS("/sys"), Proc: os.DirFS("/proc")} }

// diskRow is a disk as "flash --json" prints it.
type diskRow struct {
	Device    string `json:"device"`
	Size      int64  `json:"size"`
	Model     string `json:"model"`
	Serial    string `json:"serial"`
	Transport string `json:"transport"`
	Removable bool   `json:"removable"`
	Refused   string `json:"refused,omitempty"`
}

// list prints the disks that an image of so many bytes could be written to.
func (f *flashing) list(size int64) error {
	disks, err := thisMachine().Inventory()
	if err != nil {
		return err
	}
	rows := []diskRow{}
	for _, d := range disks {
		if !d.External() && !f.fixed || d.Transport == "loop" {
			continue
		}
		r := diskRow{d.Path, d.Size, strings.TrimSpace(d.Vendor + " " + d.Model), d.Serial, d.Transport, d.Removable, ""}
		line := d.String()
		var refused *flash.RefusedError
		if errors.As(flash.Refuse(d, size, f.fixed), &refused) {
			r.Refused = refused.Reason
			line += "  [not to be written: " + refused.Reason + "]"
		}
		rows = append(rows, r)
		if !f.asJSON {
			fmt.Fprintln(f.stdout, line)
		}
	}
	if f.asJSON {
		return json.NewEncoder(f.stdout).Encode(rows)
	}
	if len(rows) == 0 && !f.quiet {
		fmt.Fprintln(f.stderr, "there is no removable disk; --fixed-disk lists those that are built in too")
	}
	return nil
}
