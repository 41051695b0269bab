package disk

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/signature"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// list prints disks, arrays and volumes with their partitions: what lies on each, and who uses it.
func list(to feature.Asker) error {
	sys := dev.Sys()
	users, err := usersOf(sys)
	if err != nil {
		return err
	}
	to.Tell("%-10s %10s  %-20s %-16s %s", "DEVICE", "SIZE", "SERIAL", "MODEL", "HOLDS")
	for _, name := range disk.Names(sys) {
		d, err := disk.Of(sys, name)
		if err != nil || !disk.Keeps(name) {
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

// usersOf returns what tells who uses a device, or a partition of it, by the kernel's name.
func usersOf(sys fs.FS) (func(device string) []string, error) {
	table, err := holder.Read(sys, os.DirFS("/proc"))
	if err != nil {
		return nil, err
	}
	return func(device string) []string { return holder.Words(table.Of(device)) }, nil
}
