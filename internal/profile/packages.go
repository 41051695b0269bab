package profile

import (
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// addPackages adds the programs that tables of the profile stand on.
func addPackages(p *Profile) {
	add := func(name, program string) {
		if p.Packages == nil {
			p.Packages = map[string]Package{}
		}
		pkg := p.Packages[name]
		if !pkg.Whole && !slices.Contains(pkg.Files, program) {
			pkg.Files = append(pkg.Files, program)
			p.Packages[name] = pkg
		}
	}
	for _, f := range features.All() {
		if f.Programs != nil {
			for _, program := range f.Programs(&p.Machine) {
				add(program.Package, program.File)
			}
		}
	}
	if len(p.Array) > 0 {
		add("mdadm", "/sbin/mdadm")
		add("fdisk", "/sbin/sfdisk") // a new disk gets the old one's partitions
	}
	if len(p.VolumeGroups()) > 0 {
		add("lvm2", "/sbin/lvm")
	}
	for _, at := range slices.Sorted(maps.Keys(p.Mount)) {
		m := p.Mount[at]
		if m.Create {
			add("e2fsprogs", "/sbin/mke2fs")
			add("e2fsprogs", "/etc/mke2fs.conf")
		}
		switch {
		case m.Preened() && m.Type == "ext4":
			add("e2fsprogs", "/sbin/e2fsck")
		case m.Preened() && m.Type == "vfat":
			add("dosfstools", "/sbin/fsck.fat")
		}
	}
	if len(p.VM) > 0 {
		add("qemu-system-x86", "/usr/bin/qemu-system-x86_64")
		// QEMU loads it by name, so nothing shows that it is needed.
		add("qemu-system-common", "/usr/lib/*/qemu/accel-tcg-x86_64.so")
		add("qemu-system-data", "/usr/share/qemu/kvmvapic.bin")
		add("qemu-system-data", "/usr/share/qemu/linuxboot_dma.bin") // starts a kernel that is given
		add("seabios", "/usr/share/seabios/bios-256k.bin")
	}
	for _, name := range slices.Sorted(maps.Keys(p.VM)) {
		if p.VM[name].Firmware == spec.VMUEFI {
			add("ovmf", "/usr/share/OVMF/OVMF_CODE_4M.fd")
			add("ovmf", "/usr/share/OVMF/OVMF_VARS_4M.fd")
		}
	}
	if len(p.Share.NFS) > 0 {
		for _, program := range []string{"exportfs", "nfsdcld", "rpc.mountd"} {
			add("nfs-kernel-server", "/usr/sbin/"+program)
		}
	}
	if len(p.Share.SMB) > 0 {
		add("samba", "/usr/sbin/smbd")
		// What answers who asks for the list of shares.
		for _, program := range []string{"samba-dcerpcd", "rpcd_classic", "rpcd_winreg"} {
			add("samba", "/usr/libexec/samba/"+program)
		}
	}
}
