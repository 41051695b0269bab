package profile

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Disk describes the disk image that format disk writes.
type Disk struct {
	// How the image is stored: raw is NAME.img, for sticks and disks; qcow2 is for
	// QEMU, vhd for Hyper-V and Azure, vmdk for VMware and VirtualBox.
	Format DiskFormat `json:"format,omitempty" default:"raw"`
	// Size of a partition with an empty ext4 file system, the disk's last, for what must
	// outlast a boot. Partition and file system have the label "state", and a table
	// [mount] with source = "PARTLABEL=state" mounts it. Without a size there is none.
	State spec.Size `json:"state,omitempty"`
	// Let the state partition, where it is mounted, fill the disk that the image was written
	// to. A disk with another partition behind it is left as it is.
	StateGrow *bool `json:"state_grow,omitempty" default:"true"`
	// How many versions of the system the disk has room for: 2, with a partition for each, so that a new one can be written beside the one
	// that runs, or 1, in the EFI system partition. By default 2 where the profile has a table [update], else 1.
	Slots int `json:"slots,omitempty" zero:"refused" accept:"1 or 2"`
	// Size of each of the two partitions. By default twice what the first version takes, at least 64M.
	SlotSize spec.Size `json:"slot_size,omitempty" zero:"refused"`
	// How much stays free in the EFI system partition, for files that are put there later.
	Spare spec.Size `json:"spare,omitempty" default:"8M"`
}

// SecureBoot names what UEFI programs are signed with, wherever they lie.
type SecureBoot struct {
	// Private RSA key in PEM, relative to the profile; "imgbuild genkey" makes one. It
	// signs and goes into no image.
	Key string `json:"key,omitempty"`
	// The key's certificate in PEM, relative to the profile, which the machine's
	// firmware must have been given.
	Cert string `json:"cert,omitempty"`
}

// StateSource is how the state partition is named in a mount's source.
const StateSource = "PARTLABEL=state"

// Growing returns where the partition is mounted that is to fill its disk; "" where none is.
func (p *Profile) Growing() string {
	if p.Disk.State == 0 || p.Disk.StateGrow == nil || !*p.Disk.StateGrow {
		return ""
	}
	for _, at := range slices.Sorted(maps.Keys(p.Mount)) {
		if p.Mount[at].Source == StateSource {
			return at
		}
	}
	return ""
}

// Description is the machine with what of the image decides about its boot.
func (p *Profile) Description() *spec.Description {
	d := &spec.Description{Machine: p.Machine}
	if at := p.Growing(); at != "" {
		d.Grow = &spec.Growth{Mount: at}
	}
	return d
}

// Bounds of partitions: below the first no file system that can grow fits, and the
// second is more than FAT holds in one piece of use.
const (
	leastState = 8 << 20
	mostSpare  = 1 << 30
	// SHA-256 has no way around zeros: SHA256SUMS is about all bytes of the image, holes
	// among them, and what comes before them is another thing after each build.
	slowState = 4 << 30
	// A file of ext4 has up to 16 TiB, and the image is one.
	mostState     spec.Size = 8 << 40
	secondsPerGiB           = 0.6
)

// media checks what depends on the formats.
func (c *crosser) media() {
	if len(c.p.Formats) == 0 {
		c.Bad("formats", "is empty; accepted: one or more of kernel, uki, disk, iso, netboot, update")
	}
	d, s := c.p.Disk, c.p.SecureBoot
	if d.State != 0 && d.State < leastState {
		c.Bad("disk.state", "%s is too small; accepted: 8M or more, or 0 for no such partition", d.State)
	}
	if d.State == 0 {
		c.Of("disk.state").Vain("disk", []string{"state_grow"}, "is for the state partition, and there is none; accepted: with disk.state")
	}
	if d.State > mostState {
		c.Bad("disk.state", "%s is too large; accepted: up to %s, for the partition grows with its disk at the first boot", d.State, mostState)
	} else if d.State > slowState {
		c.Warn("disk.state", "%s of zeros cost each build %.0f s for their checksum; the partition grows with its disk at the first boot, so less will do", d.State, float64(d.State)/(1<<30)*secondsPerGiB)
	}
	if d.Spare > mostSpare {
		c.Bad("disk.spare", "%s is too large; accepted: up to 1G", d.Spare)
	}
	if s.Key != "" && s.Cert == "" {
		c.Of("secureboot.cert").Bad("secureboot.key", "stands without secureboot.cert; accepted: both or none")
	}
	if s.Cert != "" && s.Key == "" {
		c.Of("secureboot.key").Bad("secureboot.cert", "stands without secureboot.key; accepted: both or none")
	}
	if s.Key != "" && len(c.p.Kernel.Cmdline) == 0 {
		// systemd-stub takes what is signed only where there is something (its use_load_options).
		c.Of("secureboot.key").Bad("kernel.cmdline", "is empty, and a signed program without a kernel line takes the firmware's, which anybody may set; accepted: one or more words, such as \"quiet\"")
	}
	c.slots()
	c.kernelLine()
	if !c.p.Writes(FormatDisk, FormatISO, FormatUpdate) {
		if c.p.Boot.PasswordHash != "" {
			c.Of("formats").Warn("boot.password_hash", "has no effect: no boot menu is in what is written; accepted: disk, iso or update among the formats, which have one")
		}
		return
	}
	if _, served := c.consoleFor(menuPort(c.p.KernelLine())); c.p.offers(MenuSerial) && !served {
		c.Of("console").Bad("menu.entries", "%q starts with a serial console on %s, where nobody can log in; accepted: a table [%s], or no %[1]q",
			MenuSerial, menuPort(c.p.KernelLine()), joinKey("console", menuPort(c.p.KernelLine())))
	}
	for i, word := range c.p.Kernel.Cmdline {
		if strings.ContainsAny(word, `\'`) || strings.Count(word, `"`)%2 != 0 {
			c.Of("formats").Bad(joinIndex("kernel.cmdline", i), `%q cannot be handed to a kernel by GRUB, which starts disk, iso and update; accepted: words without \ and ', with quotation marks in pairs`, word)
		}
	}
}
