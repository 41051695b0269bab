package profile

import (
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/features"
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
		if f.Programs == nil {
			continue
		}
		for _, program := range f.Programs(&p.Machine) {
			add(program.Package, program.File)
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
	if p.Firewall != nil {
		add("nftables", "/usr/sbin/nft")
	}
}
