package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// hardware is the flags of "imgbuild run" that say what the virtual machine has beside what the profile says.
type hardware struct {
	forwards, disks []string
	serials, nics   int
	keep, monitor   bool
	leads           []boot.Forward // the forwards, read
}

func (h *hardware) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&h.forwards, "forward", nil, "let a port of this machine lead to one of the guest: `HOST:GUEST`, such as 2222:22 or 5353:53/udp; may be repeated")
	f.StringArrayVar(&h.disks, "disk", nil, "add a disk: a `FILE|SIZE`: one that is there, raw or qcow2, which is written to, or a blank one; may be repeated")
	f.BoolVar(&h.keep, "keep", false, "let disks last from run to run, in kept/ beside the artifacts: blank ones, and the one that --format disk starts from")
	f.IntVar(&h.serials, "serial", 0, "have `N` serial ports, 1 to 4; those after the first are pseudo-terminals")
	f.IntVar(&h.nics, "nic", -1, "have `N` network interfaces, 0 to 16, in place of the profile's run.nics")
	f.BoolVar(&h.monitor, "monitor", false, "have disks where they can be pulled, and say how, and how to plug one in")
}

// check finds wrong flags before anything is built.
func (h *hardware) check(c *cobra.Command) error {
	if c.Flags().Changed("serial") && (h.serials < 1 || h.serials > 4) {
		return usageError{fmt.Errorf("--serial %d; accepted: 1 to 4", h.serials)}
	}
	if c.Flags().Changed("nic") && (h.nics < 0 || h.nics > 16) {
		return usageError{fmt.Errorf("--nic %d; accepted: 0 to 16", h.nics)}
	}
	h.leads = nil
	for _, text := range h.forwards {
		var f boot.Forward
		if err := f.UnmarshalText([]byte(text)); err != nil {
			return usageError{fmt.Errorf("--forward: %w", err)}
		}
		if err := f.Free(); err != nil {
			return err
		}
		h.leads = append(h.leads, f)
	}
	if len(h.leads) > 0 && h.nics == 0 {
		return usageError{errors.New("--forward goes with an interface, and --nic 0 leaves none")}
	}
	for _, disk := range h.disks {
		if _, blank := sizeOf(disk); blank {
			continue
		}
		if info, err := os.Stat(disk); err != nil || !info.Mode().IsRegular() {
			return usageError{fmt.Errorf("--disk %s: there is no such file; accepted: the file of a disk, or a size such as 4G for a blank one", disk)}
		}
	}
	return nil
}

// add completes the machine.
func (h *hardware) add(o *boot.Options, dir string) error {
	o.Desk, o.Pluggable, o.Forwards = true, h.monitor, h.leads
	if h.serials > 0 {
		o.Serials = h.serials
	}
	if h.nics >= 0 {
		o.Run.NICs = &h.nics
	}
	if h.keep {
		o.Keep, o.Dir = true, filepath.Join(dir, "kept")
	}
	blank := map[string]profile.RunDisk{}
	for name, d := range o.Run.Disk {
		blank[name] = d
	}
	taken := func(name string) bool {
		_, is := blank[name]
		for _, d := range o.Disks {
			is = is || d.ID == name
		}
		return is || name == "medium" || name == "spare"
	}
	for _, disk := range h.disks {
		if size, is := sizeOf(disk); is {
			blank[free("disk", taken)] = profile.RunDisk{Size: size}
			continue
		}
		format, err := formatOf(disk)
		if err != nil {
			return fmt.Errorf("--disk: %w", err)
		}
		o.Disks = append(o.Disks, qemu.Disk{ID: free(serial(disk), taken), Path: disk, Format: format})
	}
	o.Run.Disk = blank
	return nil
}

// sizeOf reads the size of a blank disk. A file of such a name is ./10G.
func sizeOf(text string) (spec.Size, bool) {
	var size spec.Size
	return size, size.UnmarshalText([]byte(text)) == nil && size >= 1<<20
}

// formatOf looks whether a file is a disk of QEMU's own format (docs/interop/qcow2.txt) or the bytes of one.
func formatOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err == nil && bytes.Equal(magic, []byte("QFI\xfb")) {
		return "qcow2", nil
	}
	return "raw", nil
}

var foreign = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// serial is the serial number of a disk that lies in a file: its name, as far as QEMU takes it.
func serial(file string) string {
	name := foreign.ReplaceAllString(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "-")
	if name = strings.TrimLeft(name, "0123456789._-"); name == "" {
		return "disk"
	}
	return name[:min(len(name), 18)]
}

// free is a name that is not taken: the one that is wanted, or that with a number.
func free(want string, taken func(string) bool) string {
	name := want
	for n := 1; taken(name) || name == "disk"; n++ {
		name = want + strconv.Itoa(n)
	}
	return name
}
