package profile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// KernelLine is what the image's kernel is told, whatever starts it. With "gpt" the kernel takes the backup of a partition table where
// power failed while the table was written.
func (p *Profile) KernelLine() string {
	words := p.Kernel.Cmdline
	if p.Growing() != "" && !slices.Contains(words, "gpt") {
		words = append(slices.Clone(words), "gpt")
	}
	if p.Slots() == 2 {
		words = restarts(words)
	}
	return strings.Join(words, " ")
}

// RescueParam makes uinit give a shell before it does anything to the machine.
const RescueParam = "uinit.rescue"

// GivesRescue says whether a rescue shell may let anybody in: root has a password, or may come by one, or none is needed.
// Otherwise an entry of a menu for it would lead nowhere.
func (p *Profile) GivesRescue() bool {
	a := p.Access
	return a.RescueWithoutPassword || a.HostPassword || p.User["root"].PasswordHash.Value != "" || p.Allows(spec.SitePasswordHash)
}

// bootImage is the longest of what GRUB's command linux puts before the line: the kernel, as a run of sectors of a partition
// (grub-core/loader/i386/linux.c).
const bootImage = "BOOT_IMAGE=(hd99,gpt99)9999999999+99999999 "

// startedBy is a way to start an image, and what it adds to the kernel line.
type startedBy struct{ who, before, after string }

// starts are the ways to start what the formats write.
func (p *Profile) starts() []startedBy {
	ways := []startedBy{{who: "the kernel"}}
	if p.Writes(FormatNetboot) { // by UEFI with the program's name (efi_image_cmdline in iPXE's src/image/efi_image.c)
		name := string(p.Name)
		ways = append(ways, startedBy{"iPXE, for the format netboot,", name + "-kernel initrd=" + name + "-initrd.img ", ""})
	}
	if p.Writes(FormatDisk, FormatISO, FormatUpdate) {
		grub, usual := startedBy{"GRUB, for disk, iso and update,", bootImage, ""}, p.KernelLine()
		for _, item := range p.MenuItems() { // what an entry of the menu adds to the usual line
			if longer := len(item.Line) - len(usual); longer > len(grub.after) {
				grub.after = strings.Repeat(" ", longer)
			}
		}
		if p.Slots() == 2 {
			grub.after += " " + slot.Param + "=" + string(slot.A)
		}
		ways = append(ways, grub)
	}
	return ways
}

// kernelLine refuses a line of which the kernel, or who starts it, would leave out the end without a word.
func (c *crosser) kernelLine() {
	line, room, who, added := c.p.KernelLine(), spec.MaxKernelLine, "", 0
	for _, way := range c.p.starts() {
		if n := len(way.before) + len(way.after); spec.MaxKernelLine-n <= room {
			room, who, added = spec.MaxKernelLine-n, way.who, n
		}
	}
	if len(line) <= room {
		return
	}
	beside := ""
	if added > 0 {
		beside = ", beside up to " + strconv.Itoa(added) + " that it adds"
	}
	c.Of("formats").Bad("kernel.cmdline", "is %d characters long, and %s takes %d%s: the end would be cut off without a word; accepted: up to %d characters, blanks between words among them",
		len(line), who, room, beside, room)
}
