// Package profile reads the TOML file that describes an appliance. It is
// strict: every problem is found at once, each with its place, what is
// accepted and the nearest known word, before anything is downloaded.
package profile

import (
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Profile is one appliance: what goes into its image, the machine that uinit
// sets up from it, and the checks that prove it.
type Profile struct {
	// Name of the appliance and of its files: NAME-kernel, NAME-initrd.img. By
	// default the profile's file name without .toml; it is not inherited.
	Name Name `json:"name,omitempty"`
	// Version of the appliance, such as 2026.49: up to 40 letters, digits and . - _ + ~, of which the first is a digit. Digits beside each other are a
	// number, and versions are compared piece by piece: 2026.9 is older than 2026.10, 1.2 than 1.2.1, 2.0~rc1 than 2.0; what follows a + does not
	// count. By default the time that files bear (SOURCE_DATE_EPOCH) and a hash of all that is in the image, 2026.01.01.0000+3f9c2a71. It is
	// not inherited.
	Version Version `json:"version,omitempty" zero:"refused"`
	// One line for people: what this appliance is for.
	Summary string `json:"summary,omitempty"`
	// Profile to start from, by the name of a shipped one or a path relative to
	// this file. Tables merge, and other values replace. In a list "inherited" stands for the members that are there
	// already, and false in the place of a table takes it away: ethernet.lan = false.
	Extends string `json:"extends,omitempty"`
	// What "imgbuild build" writes: kernel (NAME-kernel, NAME-initrd.img, NAME-cmdline),
	// uki (NAME.efi), disk (NAME.img), iso (NAME.iso), netboot (NAME.ipxe, the kernel's
	// files and NAME.efi), update (NAME.update, for boxes with [update] that run another version). --format overrides it.
	Formats []Format `json:"formats,omitempty" twice:"refused" default:"kernel"`
	// The disk image.
	Disk Disk `json:"disk,omitzero"`
	// The boot menu of disks and ISOs, on a BIOS and on UEFI alike.
	Menu Menu `json:"menu,omitzero"`
	// Signatures for UEFI Secure Boot.
	SecureBoot SecureBoot `json:"secureboot,omitzero" zero:"refused"`
	// The kernel, its command line and its modules.
	Kernel Kernel `json:"kernel,omitzero"`
	// What the initramfs holds, and how it is packed.
	Image Image `json:"image,omitzero"`
	// Debian packages to take programs from, by package name.
	Packages map[string]Package `json:"packages,omitempty"`
	// Map of keyboards at screens, as console-data of Debian calls it: "de", "fr", "uk", "de-latin1-nodeadkeys". Without one
	// it is the kernel's own, of the United States. uinit.keymap=NAME on the kernel line has another one for a boot, of those in the image.
	Keymap spec.Keymap `json:"keymap,omitempty" zero:"refused"`
	// The virtual machine that "imgbuild run" and "imgbuild test" start.
	Run Run `json:"run,omitzero"`
	// What "imgbuild test" proves about the booted appliance.
	Check map[string]check.Check `json:"check,omitempty"`

	spec.Machine

	source source
}

// Kernel says which kernel boots and what it is told.
type Kernel struct {
	// Debian package; a metapackage such as linux-image-amd64 stands for the
	// newest kernel it names.
	Package string `json:"package,omitempty"`
	// A kernel image (bzImage) of your own instead, relative to the profile.
	Path string `json:"path,omitempty"`
	// For path: the directory that holds lib/modules/RELEASE of that kernel.
	ModulesPath string `json:"modules_path,omitempty"`
	// Debian packages with updates of processors (microcode), such as "intel-microcode" and "amd64-microcode" of non-free-firmware. They go
	// before the initramfs, uncompressed, where the kernel finds them before all else.
	Microcode []string `json:"microcode,omitempty" twice:"refused"`
	// A directory with such updates of your own, relative to the profile: with intel-ucode and amd-ucode in it, as in linux-firmware.
	MicrocodePath string `json:"microcode_path,omitempty"`
	// Words of the kernel line. The last console= is where kernel messages and
	// /dev/console go. A kernel takes 2047 characters, and what the builder, GRUB and iPXE add is among them: a line that
	// would be cut off is refused.
	Cmdline []string `json:"cmdline,omitempty"`
	// Sets of drivers to include; "imgbuild plan" lists what each brings.
	Drivers []string `json:"drivers,omitempty"`
	// States that firmware files which drivers may ask for are left out on purpose. Otherwise "imgbuild plan" lists those that the image
	// lacks, and a build says how many.
	WithoutFirmware bool `json:"without_firmware,omitempty"`
	// Further modules to include, with all they depend on. They are loaded when
	// a device asks for them, or at boot by module.NAME.load.
	Modules []string `json:"modules,omitempty"`
}

// Image says what goes into the initramfs.
type Image struct {
	// How the initramfs is compressed.
	Compression Compression `json:"compression,omitempty" default:"zstd"`
	// How /usr lies in memory: "squashfs" keeps it compressed and reads what is used, "unpacked" makes it
	// plain files that can be written to. By default the former, where the kernel has squashfs and loop.
	Usr UsrLayout `json:"usr,omitempty"`
	// Commands in /bin: u-root's, all one program, and Debian's busybox where these do not do what people type. "default" stands for what a
	// shell on a serial line wants: files, text, disks, network, processes. What a package or an overlay has of its names takes their place.
	Commands []string `json:"commands,omitempty"`
	// Trees of files laid over the image: directories next to the profile, in
	// overlays/ beside it or its parent, or shipped ones, in this order.
	Overlays []string `json:"overlays,omitempty"`
	// Paths that an overlay may put in place of a file the image has anyway. What is in commands by "default" alone gives way without.
	Replace []string `json:"replace,omitempty"`
	// What files and directories of overlays may be used for by whom, by their path in the image: "/etc/x.key" = "0600". Patterns are as
	// in a shell, ** stands for any number of directories, and the longest that matches counts. Without a row a file is 0644, or
	// 0755 where it may be executed or begins with "#!", whatever it is in the overlay; one that a key names as secret (such as
	// wireguard.NAME.private_key_file) is 0600, and no pattern opens it. One that looks like a private key, or that is setuid, setgid or sticky
	// in the overlay, needs a row of its own or a pattern with a mode in octal. One that others may not read in the overlay needs a row,
	// unless nothing in the overlay is open to them.
	Modes map[string]Mode `json:"modes,omitempty"`
}

// Package says what to take from a Debian package and what it depends on.
type Package struct {
	// Absolute paths of programs or other files, globs allowed. The libraries
	// that programs need come along; nothing else does. None of them has the set-user-ID or set-group-ID bit in the image.
	Files []string `json:"files,omitempty"`
	// Take everything in the package but documentation, and the libraries it needs.
	Whole bool `json:"whole,omitempty"`
}

// Run describes a virtual machine.
type Run struct {
	// Its memory.
	Memory spec.Size `json:"memory,omitempty" default:"512M"`
	// Its processors.
	CPUs int `json:"cpus,omitempty" default:"1" accept:"1 to 64"`
	// QEMU's CPU model; by default the best that the accelerator has.
	CPU string `json:"cpu,omitempty" zero:"refused"`
	// Its network interfaces, each with QEMU's own DHCP behind it.
	NICs *int `json:"nics,omitempty" default:"1" accept:"0 to 16"`
	// QEMU's name for the kind of interface.
	NICModel string `json:"nic_model,omitempty" default:"virtio-net-pci" zero:"refused"`
	// Disks made for each run, by name: the name is the disk's serial number, by which the box knows it.
	Disk map[string]RunDisk `json:"disk,omitempty"`
	// How long a boot and all its checks may take, on the host's clock.
	Timeout spec.Duration `json:"timeout,omitempty" default:"3m" accept:"1s or more"`
}

// RunDisk is a disk of the virtual machine, made anew for each run, unless "imgbuild run --keep" lets it last. NAME is its serial number:
// [run.disk.old1] is what serial=old1 means in a match of an array, or LABEL and the like where it has a file system. Up to 20 letters,
// digits, dots and hyphens.
type RunDisk struct {
	// Its size.
	Size spec.Size `json:"size,omitempty" default:"64M"`
	// File system to make on it; none by default.
	Filesystem string `json:"filesystem,omitempty" accept:"ext4, xfs or vfat"`
	// The file system's label.
	Label string `json:"label,omitempty"`
	// How the disk is attached.
	Bus string `json:"bus,omitempty" default:"virtio" accept:"virtio, ahci, nvme, usb or scsi"`
}
