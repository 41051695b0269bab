package spec

import (
	"net/netip"
	"slices"
	"strings"
)

// VM is a virtual machine that uinit runs with QEMU, as an account of its own without rights.
type VM struct {
	// Guest RAM.
	Memory Size `json:"memory,omitempty" default:"512M"`
	// Its processors.
	VCPUs int `json:"vcpus,omitempty" default:"1" accept:"1 to 255"`
	// How it is run: kvm, tcg (emulated, ten times slower and more), or whichever works here.
	Accel VMAccel `json:"accel,omitempty" default:"auto"`
	// The machine that the guest sees, as QEMU names it. It stays the same with a newer QEMU, and so do the guest's activation
	// and its drivers: take another one when the guest may change.
	Machine VMMachine `json:"machine,omitempty" default:"pc-q35-7.2"`
	// The processor that the guest sees, as QEMU names it, such as EPYC-v4 or Skylake-Server-v5: one for all hosts that a guest
	// may move to. host is this machine's own; a guest that is emulated sees one like Haswell-v2 in its place.
	CPUModel VMCPUModel `json:"cpu_model,omitempty" default:"host"`
	// What starts it; UEFI's files come with the package ovmf. Neither matters where a kernel is given.
	Firmware VMFirmware `json:"firmware,omitempty" default:"bios"`
	// File on a mounted file system where UEFI keeps its variables; without it they begin anew with each
	// boot of this machine.
	UEFIVars string `json:"uefi_vars,omitempty"`
	// A kernel to start in place of what the disks hold. All accounts must be able to read it.
	Kernel string `json:"kernel,omitempty" image:"file"`
	// The kernel's initramfs.
	Initrd string `json:"initrd,omitempty" image:"file"`
	// The kernel's line; its console is ttyS0.
	Cmdline string `json:"cmdline,omitempty"`
	// Disks, by name; the first in the order of the names is what the firmware tries first.
	Disk map[string]VMDisk `json:"disk,omitempty"`
	// Network interfaces, by name.
	NIC map[string]VMNIC `json:"nic,omitempty"`
	// Start it with this machine.
	Autostart bool `json:"autostart,omitempty"`
	// Guests with a lower number start before it, and stop after it.
	Order int `json:"order,omitempty"`
	// What must be there first, as for a service. The mounts that its files lie in and the bridges of
	// its interfaces go without saying.
	Needs []string `json:"needs,omitempty"`
	// When to start it again after QEMU ends. A guest that powers itself off has ended well.
	Restart Restart `json:"restart,omitempty" default:"on-failure"`
	// Pause before the first restart; it doubles with each one, up to a minute.
	RestartDelay Duration `json:"restart_delay,omitempty" default:"1s" accept:"1ms or more"`
	// Restarts within ten minutes after which it has failed for good; without it there is no limit.
	RestartLimit int `json:"restart_limit,omitempty"`
	// How long it may take to power off when it is asked to, before it is switched off.
	StopTimeout Duration `json:"stop_timeout,omitempty" default:"1m"`
	// Most memory that QEMU may use for the guest and itself; when it needs more, the kernel ends it. By default the
	// guest's memory, an eighth more and 512M, which QEMU never needs.
	MemoryMax Size `json:"memory_max,omitempty" zero:"refused"`
	// Most processor time, as a share: 0.5 is half of one processor, 2 is two of them.
	CPU float64 `json:"cpu,omitempty" zero:"refused"`
}

// VMDisk is a disk of a virtual machine.
type VMDisk struct {
	// A file, a logical volume as lvm:GROUP/VOLUME, or another device below /dev.
	Path string `json:"path" image:"file unless create"`
	// How it is stored.
	Format VMFormat `json:"format,omitempty" default:"raw"`
	// Make the file when the guest starts and nothing is there. It takes space as the guest writes to it.
	Create bool `json:"create,omitempty"`
	// Size of a disk that is made.
	Size Size `json:"size,omitempty"`
	// The guest can't write to it.
	ReadOnly bool `json:"read_only,omitempty"`
	// How it is attached. cdrom is an optical drive, which is always read-only.
	Bus VMBus `json:"bus,omitempty" default:"virtio"`
}

// VMNIC is a network interface of a virtual machine.
type VMNIC struct {
	// Name of the bridge that it is connected to.
	Bridge string `json:"bridge"`
	// Its address; by default one that stays the same, derived from the host's name, the guest's and
	// the interface's.
	MAC MAC `json:"mac,omitempty"`
	// What the guest sees.
	Model VMNICModel `json:"model,omitempty" default:"virtio"`
	// The guest's addresses there, "192.0.2.5/32", or networks of which it may take any, "2001:db8::/64". With these it speaks for no
	// others, by ARP, IPv4 or IPv6; the link-local address that follows from its hardware address is its own in any case. Without them it
	// may have any.
	Addresses []netip.Prefix `json:"addresses,omitempty" zero:"refused" network:"true"`
	// The guest may send frames with a tag (IEEE 802.1Q).
	Trunk bool `json:"trunk,omitempty"`
	// Believe the guest: it may send whatever it likes. By default it can't send from another hardware address than its own, nor speak as
	// routers (advertisements, redirects), DHCP servers or switches do, nor by other protocols than ARP, IPv4 and IPv6.
	Trusted bool `json:"trusted,omitempty"`
	// It reaches this machine and the bridge's ports, but no other guest that is isolated as well.
	Isolated bool `json:"isolated,omitempty"`
}

// The words that rows of virtual machines choose from.
type (
	VMAccel    string
	VMFirmware string
	VMFormat   string
	VMBus      string
	VMNICModel string
)

// VMMachine is a machine that the image's QEMU has: pc-q35-VERSION, such as pc-q35-7.2.
type VMMachine string

// VMCPUModel is a processor that the image's QEMU has, or host.
type VMCPUModel string

// Accelerators.
const (
	VMAuto VMAccel = "auto"
	VMKVM  VMAccel = "kvm"
	VMTCG  VMAccel = "tcg"
)

// VMHostCPU is the processor of the machine that a guest runs on.
const VMHostCPU VMCPUModel = "host"

// VMOverhead is what QEMU needs beside the guest's memory, in bytes: measured 45 MiB with KVM's devices, and 64 MiB of
// translated code without KVM.
const VMOverhead Size = 64 << 20

// VMUEFI is the firmware that needs files; the other is QEMU's own.
const VMUEFI VMFirmware = "uefi"

// Formats of disks.
const (
	VMRaw   VMFormat = "raw"
	VMQcow2 VMFormat = "qcow2"
)

// Ways to attach a disk.
const (
	VMVirtio VMBus = "virtio"
	VMAHCI   VMBus = "ahci"
	VMCDROM  VMBus = "cdrom"
)

// UnmarshalText accepts the words above.
func (a *VMAccel) UnmarshalText(b []byte) error {
	return Choice(a, b, "an accelerator", VMAuto, VMKVM, VMTCG)
}

// UnmarshalText accepts the versions of QEMU's machine q35. Which of them the image's QEMU has, only that can tell.
func (m *VMMachine) UnmarshalText(b []byte) error {
	version, ok := strings.CutPrefix(string(b), "pc-q35-")
	if major, minor, two := strings.Cut(version, "."); !ok || !two || !digits(major) || !digits(strings.ReplaceAll(minor, ".", "")) {
		return Unaccepted("pc-q35-VERSION, such as pc-q35-7.2, which is the same with each QEMU", "%q is not a machine", b)
	}
	*m = VMMachine(b)
	return nil
}

// UnmarshalText accepts what may be the name of a model: no properties, which follow a comma. Which ones the image's QEMU has,
// only that can tell.
func (m *VMCPUModel) UnmarshalText(b []byte) error {
	if strings.Trim(strings.ToLower(string(b)), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || len(b) == 0 {
		return Unaccepted("host, or a model as QEMU names it, such as EPYC-v4", "%q is not a processor", b)
	}
	*m = VMCPUModel(b)
	return nil
}

// digits says whether a text is a decimal number.
func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// UnmarshalText accepts bios and uefi.
func (f *VMFirmware) UnmarshalText(b []byte) error {
	return Choice(f, b, "a firmware", "bios", VMUEFI)
}

// UnmarshalText accepts the words above.
func (f *VMFormat) UnmarshalText(b []byte) error {
	return Choice(f, b, "a disk's format", VMRaw, VMQcow2)
}

// UnmarshalText accepts the words above.
func (s *VMBus) UnmarshalText(b []byte) error {
	return Choice(s, b, "a disk's bus", VMVirtio, VMAHCI, VMCDROM)
}

// UnmarshalText accepts virtio, and cards that older guests have drivers for.
func (m *VMNICModel) UnmarshalText(b []byte) error {
	return Choice(m, b, "a model of network interfaces", "virtio", "e1000", "e1000e", "rtl8139")
}

// VolumeGroup is the LVM volume group that a disk lies in; "" where it is no logical volume.
func (d VMDisk) VolumeGroup() string {
	group, _ := volume(d.Path)
	return group
}

// File is a disk's path in the machine.
func (d VMDisk) File() string {
	if group, name := volume(d.Path); group != "" {
		return "/dev/" + group + "/" + name
	}
	return d.Path
}

// Files are the paths that a guest needs: disks, kernel, initramfs, UEFI's variables; sorted.
func (v VM) Files() []string {
	var files []string
	for _, d := range v.Disk {
		files = append(files, d.File())
	}
	for _, f := range []string{v.Kernel, v.Initrd, v.UEFIVars} {
		if f != "" {
			files = append(files, f)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// Bridges are the names of those that a guest is connected to, sorted.
func (v VM) Bridges() []string {
	var names []string
	for _, n := range v.NIC {
		names = append(names, n.Bridge)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Tap is the name of a guest's network interface as this machine sees it. IFNAMSIZ in linux/if.h is
// 16 with the closing NUL, which the profile's check keeps to.
func Tap(vm, nic string) string { return vm + "-" + nic }
