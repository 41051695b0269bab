//go:build !nodisk

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/signature"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// answerDisk lets uinitctl list disks, and make one blank.
func (w *worker) answerDisk(ctx context.Context, args []string, send func(report.Event) error) error {
	to := feature.Asker(send)
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "list":
		return listDisks(to)
	case len(args) > 2 && args[0] == "erase":
		return w.eraseDisk(ctx, args[1], strings.Join(args[2:], " "), to)
	}
	return fmt.Errorf("accepted: disk list, disk erase DEVICE SERIAL")
}

// noDisks are devices that nobody keeps anything on, or that make noise when opened.
var noDisks = []string{"ram", "zram", "loop", "sr", "fd"}

// listDisks prints disks, arrays and volumes with their partitions: what lies on each, and who uses it.
func listDisks(to feature.Asker) error {
	sys := dev.Sys()
	users, err := diskUsers(sys)
	if err != nil {
		return err
	}
	to.Tell("%-10s %10s  %-20s %-16s %s", "DEVICE", "SIZE", "SERIAL", "MODEL", "HOLDS")
	for _, name := range disk.Names(sys) {
		d, err := disk.Of(sys, name)
		if err != nil || slices.Contains(noDisks, strings.TrimRight(name, "0123456789")) {
			continue
		}
		for _, d := range append([]disk.Device{d}, d.Partitions...) {
			line := fmt.Sprintf("%-10s %10s  %-20s %-16s %s", d.Name, disk.Size(d.Bytes), d.Word(), d.Model, holds(d))
			if users := users(d.Name); len(users) > 0 {
				line += "; " + strings.Join(users, ", ")
			}
			to.Tell("%s", line)
		}
	}
	return nil
}

// holds says what lies on a device; one that does not answer holds up nobody for long.
func holds(d disk.Device) string {
	answer := make(chan string, 1)
	go func() {
		f, err := direct.Open(d.File(), os.O_RDONLY)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer f.Close()
		found, err := signature.Look(f, d.Bytes)
		words := make([]string, 0, 1)
		for _, f := range found {
			words = append(words, strings.TrimSuffix(f.String(), fmt.Sprintf(" at byte %d", f.At)))
		}
		if err != nil {
			words = append(words, err.Error())
		}
		if len(words) == 0 {
			words = append(words, "nothing known")
		}
		answer <- strings.Join(words, ", ")
	}()
	select {
	case text := <-answer:
		return text
	case <-time.After(5 * time.Second):
		return "it does not answer"
	}
}

// eraseDisk makes a device blank for whoever shows by its serial number that it is the one that is meant. Who leaves ends it.
func (w *worker) eraseDisk(ctx context.Context, device, serial string, to feature.Asker) error {
	sys := dev.Sys()
	d, err := disk.At(sys, "/dev/"+strings.TrimPrefix(device, "/dev/"))
	if err != nil {
		return err
	}
	if word := strings.Join(strings.Fields(d.Word()), " "); serial != word {
		return fmt.Errorf("the serial number of %s is %q, not %q; nothing was erased", d.Name, word, serial)
	}
	users, err := diskUsers(sys)
	if err != nil {
		return err
	}
	if users := users(d.Name); len(users) > 0 {
		return fmt.Errorf("%s is in use: %s; nothing was erased", d, strings.Join(users, ", "))
	}
	w.Log.Warn("disk " + d.String() + ": erasing it, as uinitctl was told")
	last := ""
	e, err := blank.EraseDevice(ctx, d, func(what string, done, total int64) {
		if line := fmt.Sprintf("%s %s: %d %%", what, d.Name, 100*done/max(total, 1)); line != last {
			to.Progress(line)
			last = line
		}
	})
	if err != nil {
		err = fmt.Errorf("erasing %s: %w; once more goes on with what is left", d, err)
		w.Log.Error(err.Error())
		return err
	}
	did := fmt.Sprintf("disk %s: blank: zeros written over %s", d, disk.Size(e.Written))
	if e.Discarded > 0 {
		did += fmt.Sprintf(", %s discarded", disk.Size(e.Discarded))
	}
	w.Log.Warn(did)
	to.Tell("%s", did)
	to.Tell("This was no secure erase: what lies between may still be read from it.")
	return nil
}
