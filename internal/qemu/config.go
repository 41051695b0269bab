// Package qemu runs a virtual machine under QEMU: its arguments, its process
// with a hard time limit, its consoles, its report and its monitor.
package qemu

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// DefaultBinary is the QEMU that Config.Binary stands for when it is empty.
const DefaultBinary = "qemu-system-x86_64"

// Accelerators. Probe says which of them works here.
const (
	AccelKVM = "kvm"
	AccelTCG = "tcg"
)

// Firmware kinds.
const (
	BIOS = "bios" // SeaBIOS, QEMU's own
	UEFI = "uefi" // OVMF
)

// Where Debian's package ovmf puts the firmware (4 MiB flash, no Secure Boot)
// and the template of its variables.
const (
	OVMFCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	OVMFVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
	// OVMFSecureCode is the firmware with Secure Boot, which needs SMM.
	OVMFSecureCode = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
)

// Config describes a virtual machine. The zero value of every field is usable.
type Config struct {
	// Binary is QEMU's program; empty stands for DefaultBinary.
	Binary string
	// Accel is AccelKVM or AccelTCG; empty stands for the latter.
	Accel string
	// CPU is QEMU's name of the processor model; empty stands for "host" under
	// KVM and "max" under TCG.
	CPU string
	// CPUs is the number of processors; 0 stands for 1. A second one costs time
	// under TCG and gains nothing.
	CPUs int
	// Memory in bytes, a multiple of 1 MiB; 0 stands for 512 MiB.
	Memory spec.Size

	// Kernel, Initrd and Append boot a kernel directly, without a boot loader.
	Kernel, Initrd, Append string

	NICs  []NIC
	Disks []Disk
	// CDROM is the path of an ISO image, from which firmware starts where no disk or
	// interface has Boot.
	CDROM string

	// Firmware is BIOS or UEFI; empty stands for BIOS.
	Firmware string
	// FirmwareCode and FirmwareVars replace OVMFCode and OVMFVars. The guest
	// writes its variables to a copy that ends with QEMU.
	FirmwareCode, FirmwareVars string

	// SecureBoot takes OVMFSecureCode and lets nothing but firmware write its variables.
	SecureBoot bool

	// FWCfg holds values the guest reads below /sys/firmware/qemu_fw_cfg; keys
	// begin with opt/.
	FWCfg map[string]string

	// Serials is the number of serial ports, ttyS0 first; at most 4.
	Serials int
	// Report and Control add the virtio-serial ports of internal/report.
	Report, Control bool
	// Desk, where given, is for a person at a terminal: ttyS0 is QEMU's own standard input and output, where Ctrl-A c
	// changes over to its monitor, further serial ports are pseudo-terminals, and all other channels are sockets that QEMU
	// itself makes, whose paths begin with this: whoever repeats the command line has the same guest.
	Desk string
	// Pluggable has disks on buses where they can be pulled, and more room there, by the monitor. AHCI has no such.
	Pluggable bool
	// ReportSerial takes the report from one more serial port, the one after
	// Serials, where the guest has no driver for virtio (report.ParamReport).
	ReportSerial bool

	// Display opens QEMU's window.
	Display bool
	// Reboot lets the guest reboot. Otherwise a reboot ends QEMU.
	Reboot bool
	// Extra arguments, after all others.
	Extra []string
}

// NIC is a network interface.
type NIC struct {
	// Model is QEMU's device, with properties if need be
	// ("virtio-net-pci,speed=1000,duplex=full"); empty stands for virtio-net-pci.
	Model string
	// MAC address; empty stands for MAC(i) of the i-th interface.
	MAC spec.MAC
	// Backend is the text of -netdev without an id; empty stands for "user",
	// which gives the guest 10.0.2.15 by DHCP and fec0::/64 by RA.
	Backend string
	// Boot: firmware starts from here, by the ROM in the interface. Others have no ROM:
	// it would cost time.
	Boot bool
}

// MAC is the hardware address of the i-th interface: the same in each run, so
// that a guest can be matched and a finding repeated. QEMU's own numbering.
func MAC(i int) spec.MAC {
	return spec.MAC(fmt.Sprintf("52:54:00:12:%02x:%02x", 0x34+(0x56+i)>>8, (0x56+i)&0xff))
}

// Bus is how a disk is attached.
type Bus string

// Buses of disks.
const (
	Virtio Bus = "virtio"
	AHCI   Bus = "ahci"
	NVMe   Bus = "nvme"
	USB    Bus = "usb"
	SCSI   Bus = "scsi"
)

// Disk is a disk of the guest.
type Disk struct {
	// ID names the device in the monitor and is the serial number that the
	// guest sees; empty stands for disk0, disk1 … It begins with a letter, has at most
	// 20 letters, digits, dots and hyphens, and does not begin with "bus-".
	ID   string
	Path string
	// Format is QEMU's; empty stands for raw.
	Format string
	// Bus; empty stands for Virtio.
	Bus Bus
	// ReadOnly: the guest cannot write. An AHCI disk has no such state.
	ReadOnly bool
	// Snapshot: the guest can write, the file does not change.
	Snapshot bool
	// Boot: firmware starts from here first. A CD-ROM comes right after.
	Boot bool
}
