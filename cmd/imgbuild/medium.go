package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// starter is the flags that say what a virtual machine starts from.
type starter struct {
	format, bus string
	secureBoot  bool
}

var busWords = []string{"virtio", "ahci", "nvme", "usb", "scsi"}

func (s *starter) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.format, "format", "", "boot this `FORMAT`: kernel, which needs no firmware and is the default, uki, disk, iso or netboot")
	f.StringVar(&s.bus, "bus", "", "attach a disk, or an iso as a stick, to `BUS`: virtio, ahci, nvme, usb or scsi")
	f.BoolVar(&s.secureBoot, "secure-boot", false, "UEFI that trusts nothing but the profile's secureboot.cert")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatWords[:len(formatWords)-1], cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("bus", cobra.FixedCompletions(busWords, cobra.ShellCompDirectiveNoFileComp))
}

// check finds wrong flags before anything is built.
func (s *starter) check(firmware string, appended []string) error {
	var f profile.Format
	if s.format != "" {
		if err := f.UnmarshalText([]byte(s.format)); err != nil {
			return usageError{fmt.Errorf("--format: %w", err)}
		}
		if f == profile.FormatUpdate {
			return usageError{fmt.Errorf("--format update: nothing starts from an update; accepted: disk, which has the same in its first slot")}
		}
	}
	if s.bus != "" && !slices.Contains(busWords, s.bus) {
		return usageError{fmt.Errorf("--bus %q; accepted: %s", s.bus, strings.Join(busWords, ", "))}
	}
	if s.bus != "" && f != profile.FormatDisk && f != profile.FormatISO {
		return usageError{fmt.Errorf("--bus goes with --format disk and --format iso")}
	}
	if s.medium() && len(appended) > 0 {
		return usageError{fmt.Errorf("--append: the kernel line of a medium lies in it; accepted: kernel.cmdline in the profile, or --format kernel")}
	}
	if s.secureBoot && (firmware == "bios" || f == profile.FormatKernel || f == profile.FormatNetboot) {
		return usageError{fmt.Errorf("--secure-boot goes with UEFI and the formats uki, disk and iso")}
	}
	if firmware == "bios" && f == profile.FormatUKI {
		return usageError{fmt.Errorf("--firmware bios: a BIOS cannot start a UEFI program; accepted: uefi with --format uki")}
	}
	return nil
}

// medium tells whether firmware starts the machine, and not QEMU itself.
func (s *starter) medium() bool {
	return s.secureBoot || s.format != "" && s.format != string(profile.FormatKernel)
}

// want adds what is to be booted to the formats that are built.
func (s *starter) want(p *profile.Profile) error {
	f := profile.Format(s.format)
	switch {
	case f == "" && s.secureBoot:
		f = profile.FormatUKI
	case f == "":
		f = profile.FormatKernel
	}
	s.format = string(f)
	if s.secureBoot && p.SecureBoot.Cert == "" {
		return profile.Problems{{Pos: p.At("secureboot"), Key: "secureboot",
			Msg: `names no key, so nothing is signed and --secure-boot would refuse it; accepted: key and cert, which "imgbuild genkey" makes`}}
	}
	if p.Writes(f) {
		return nil
	}
	return p.SetFormats(append(slices.Clone(p.Formats), f))
}

// start completes what a machine starts from.
func (s *starter) start(o *boot.Options, p *profile.Profile, dir string) error {
	if !s.medium() || s.format == string(profile.FormatKernel) {
		return nil
	}
	f := profile.Format(s.format)
	o.Medium = boot.Medium{Format: f, Path: build.Medium(p, dir, f), Stored: p.Disk.Format, Bus: qemu.Bus(s.bus)}
	if !s.secureBoot {
		return nil
	}
	file := p.SecureBoot.Cert
	if at, onDisk := p.DirOf("secureboot.cert"); onDisk && !filepath.IsAbs(file) {
		file = filepath.Join(at, file)
	}
	var err error
	o.SecureBoot, err = uki.ReadCertificate(file)
	return err
}

// checks are those of the profile that can be proved. A medium's kernel line cannot be
// told that this is a test, so no command may be run there, unless the profile says so.
func (s *starter) checks(p *profile.Profile) (checks map[string]check.Check, dropped []string) {
	checks = maps.Clone(p.Check)
	if !s.medium() || slices.Contains(p.Kernel.Cmdline, report.ParamTest) {
		return checks, nil
	}
	for name, c := range p.Check {
		if len(c.Command) > 0 {
			delete(checks, name)
			dropped = append(dropped, name)
		}
	}
	slices.Sort(dropped)
	for name, c := range checks {
		for range p.Check { // as far as the longest chain
			if before, gone := p.Check[c.After], slices.Contains(dropped, c.After); gone {
				c.After = before.After
			}
		}
		checks[name] = c
	}
	return checks, dropped
}
