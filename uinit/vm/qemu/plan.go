// Package qemu runs virtual machines with QEMU. Plan says how, from the profile alone; Open makes and opens
// what QEMU may not, for it runs without any rights; Guest speaks with it while it runs.
package qemu

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Program is QEMU's, where Debian's package puts it.
const Program = "/usr/bin/qemu-system-x86_64"

// Where Debian's package ovmf puts UEFI and the template of its variables.
const (
	uefiCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	uefiVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// Host is what a plan depends on besides the profile.
type Host struct {
	// Name is the host's, Names are all its guests.
	Name  string
	Names []string
	// KVM says that it works here, VHost that there is vhost-net.
	KVM, VHost bool
}

// Kind is what a File is.
type Kind string

// Kinds of files.
const (
	Monitor Kind = "monitor" // a socket; uinit has the other end
	Console Kind = "console" // so is this
	Disk    Kind = "disk"
	Vars    Kind = "vars"
	TapFile Kind = "tap"
	VHost   Kind = "vhost"
)

// File is something that QEMU gets open.
type File struct {
	Kind Kind
	// Path is a disk's or the variables' file, or the name of a tap device.
	Path string
	Disk spec.VMDisk
	// NIC is the guest's end of a tap device, with its address.
	NIC spec.VMNIC
}

// Plan is how QEMU is started.
type Plan struct {
	// Args are QEMU's arguments.
	Args []string
	// Files are its open files, from number 3 on.
	Files []File
	// UID is the account's number, and its group's. It owns nothing: all that a guest uses comes to it open.
	UID uint32

	drives int // on SATA
}

// emulated is the processor of a guest without KVM where the row names none: it has all that x86-64-v3 asks for and a source of
// randomness, is the same with each QEMU, which "max" is not, and lacks what QEMU 7.2 cannot emulate, and would warn of.
const emulated = "Haswell-v2,pcid=off,tsc-deadline=off,x2apic=off,invpcid=off"

// Make plans a guest.
func Make(name string, v spec.VM, h Host) Plan {
	p := &Plan{UID: spec.GuestUID + uint32(slices.Index(h.Names, name))}
	kvm := h.KVM && v.Accel != spec.VMTCG || v.Accel == spec.VMKVM
	// Without screen and option ROMs the firmware, too, is on the console.
	machine, accel, cpu := string(v.Machine)+",graphics=off,vmport=off", "tcg,tb-size=64", string(v.CPUModel)
	if kvm {
		accel = "kvm"
	} else if v.CPUModel == spec.VMHostCPU {
		cpu = emulated
	}
	uefi := v.Firmware == spec.VMUEFI && v.Kernel == ""
	if uefi {
		machine += ",pflash0=code,pflash1=vars"
	}
	p.add("-name", "guest="+name, "-uuid", uuid(h.Name, name),
		"-nodefaults", "-no-user-config", "-display", "none",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-M", machine, "-accel", accel, "-cpu", cpu, "-smp", strconv.Itoa(v.VCPUs),
		"-m", fmt.Sprintf("%dk", int64(v.Memory)>>10), "-boot", "strict=on",
		// A kernel that panics says so, and is started again like a QEMU that crashed.
		"-device", "pvpanic", "-action", "panic=exit-failure")
	p.add("-chardev", fmt.Sprintf("socket,id=monitor,fd=%d", p.file(File{Kind: Monitor})), "-mon", "chardev=monitor,mode=control")
	p.add("-chardev", fmt.Sprintf("socket,id=console,fd=%d", p.file(File{Kind: Console})), "-serial", "chardev:console")
	p.add("-object", "rng-builtin,id=random", "-device", "virtio-rng-pci,rng=random")
	if uefi {
		p.add("-blockdev", "driver=file,node-name=code,read-only=on,filename="+uefiCode)
		path := v.UEFIVars
		if path == "" {
			path = fmt.Sprintf("%s/%s.vars", Dir, name)
		}
		p.node("vars", File{Kind: Vars, Path: path}, "file", "")
	}
	for i, disk := range slices.Sorted(maps.Keys(v.Disk)) {
		p.disk(i, disk, v.Disk[disk])
	}
	for _, nic := range slices.Sorted(maps.Keys(v.NIC)) {
		p.nic(h, kvm, name, nic, v.NIC[nic])
	}
	if v.Kernel != "" {
		p.add("-kernel", v.Kernel)
		if v.Initrd != "" {
			p.add("-initrd", v.Initrd)
		}
		if v.Cmdline != "" {
			p.add("-append", v.Cmdline)
		}
	}
	return *p
}

func (p *Plan) add(words ...string) { p.Args = append(p.Args, words...) }

// file adds an open file and returns its number.
func (p *Plan) file(f File) int {
	p.Files = append(p.Files, f)
	return 2 + len(p.Files)
}

// node adds a file's block node. QEMU takes open files by their set (add-fd).
func (p *Plan) node(name string, f File, driver, options string) {
	fd := p.file(f)
	p.add("-add-fd", fmt.Sprintf("fd=%d,set=%d", fd, fd))
	p.add("-blockdev", fmt.Sprintf("driver=%s,node-name=%s,filename=/dev/fdset/%d%s", driver, name, fd, options))
}

func (p *Plan) disk(index int, name string, d spec.VMDisk) {
	d.Path = d.File()
	options := ",discard=unmap"
	if d.ReadOnly || d.Bus == spec.VMCDROM {
		d.ReadOnly, options = true, ",read-only=on"
	}
	driver := "file"
	if isDevice(d.Path) {
		driver = "host_device"
	}
	p.node("file-"+name, File{Kind: Disk, Path: d.Path, Disk: d}, driver, options)
	node := fmt.Sprintf("driver=%s,node-name=disk-%s,file=file-%s%s", d.Format, name, name, options)
	if d.Format == spec.VMQcow2 {
		// It has no backing file, whatever its header says (see checkHeader). Only JSON can tell QEMU so.
		more := `"discard":"unmap"`
		if d.ReadOnly {
			more = `"read-only":true`
		}
		node = fmt.Sprintf(`{"driver":"qcow2","node-name":"disk-%s","file":"file-%s","backing":null,%s}`, name, name, more)
	}
	p.add("-blockdev", node)
	device := map[spec.VMBus]string{spec.VMAHCI: "ide-hd", spec.VMCDROM: "ide-cd"}[d.Bus]
	if device == "" {
		device = "virtio-blk-pci"
	} else {
		// Each port of q35's SATA controller is a bus for one drive.
		device += fmt.Sprintf(",bus=ide.%d", p.drives)
		p.drives++
	}
	p.add("-device", fmt.Sprintf("%s,drive=disk-%s,id=%s,serial=%s,bootindex=%d", device, name, name, name, index))
}

func (p *Plan) nic(h Host, kvm bool, guest, name string, n spec.VMNIC) {
	if n.MAC == "" {
		n.MAC = MAC(h.Name, guest, name)
	}
	tap := File{Kind: TapFile, Path: spec.Tap(guest, name), NIC: n}
	netdev := fmt.Sprintf("tap,id=net-%s,fd=%d", name, p.file(tap))
	device := string(n.Model)
	if n.Model == "virtio" {
		device = "virtio-net-pci"
		if h.VHost && kvm {
			netdev += fmt.Sprintf(",vhost=on,vhostfd=%d", p.file(File{Kind: VHost}))
		}
	}
	// No ROM: nobody starts from the network here, and its file need not be in the image.
	p.add("-netdev", netdev, "-device", fmt.Sprintf("%s,netdev=net-%s,id=nic-%s,mac=%s,romfile=", device, name, name, n.MAC))
}

// MAC is an interface's address where the profile gives none: the same with each start, another for each
// interface of each guest of each host, under QEMU's prefix of locally administered addresses.
func MAC(host, guest, nic string) spec.MAC {
	sum := sha256.Sum256([]byte(host + "\x00" + guest + "\x00" + nic))
	return spec.MAC(fmt.Sprintf("52:54:00:%02x:%02x:%02x", sum[0], sum[1], sum[2]))
}

// hostSide is the address of the other end of a guest's interface: not the guest's, or the bridge would take the guest's frames
// for its own, and high, for a bridge that was given no address takes the lowest of its ports.
func hostSide(guest spec.MAC) spec.MAC {
	if strings.HasPrefix(string(guest), "fe:") {
		return "fa" + guest[2:]
	}
	return "fe" + guest[2:]
}

// uuid is a guest's serial number, derived likewise (RFC 9562, version 8).
func uuid(host, guest string) string {
	sum := sha256.Sum256([]byte(host + "\x00" + guest))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
