package plan

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Wants lists the modules that a profile asks for, by name or by what it does:
// a driver it matches, a file system it mounts.
func Wants(p *profile.Profile) ([]kmod.Want, error) {
	var wants []kmod.Want
	for _, set := range p.Kernel.Drivers {
		members, err := kmod.SetWants(set)
		if err != nil {
			return nil, err
		}
		wants = append(wants, members...)
	}
	// Where nothing else outlasts a boot, the firmware keeps word of a box that crashes.
	wants = append(wants, kmod.Want{Name: "efivarfs", Why: "records of crashes", Optional: true})
	if len(p.VM) > 0 {
		members, err := kmod.SetWants("kvm")
		if err != nil {
			return nil, err
		}
		wants = append(wants, members...)
		wants = append(wants, kmod.Want{Name: "tun", Why: "vm"})
	}
	if p.Access.HostPassword {
		wants = append(wants, kmod.Want{Name: "qemu_fw_cfg", Why: "access.host_password", Optional: true})
	}
	if p.Site != nil {
		wants = append(wants, kmod.Want{Name: "fs-vfat", Why: "site", Optional: true})
	}
	for _, name := range p.Kernel.Modules {
		wants = append(wants, kmod.Want{Name: name, Why: "kernel.modules"})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Module)) {
		if p.Module[name].Load {
			wants = append(wants, kmod.Want{Name: name, Why: "module." + name + ".load"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Ethernet)) {
		// Several drivers are alternatives; not every kernel has them all.
		drivers := p.Ethernet[name].Match.Driver
		for _, driver := range drivers {
			wants = append(wants, kmod.Want{Name: driver, Why: "ethernet." + name + ".match", Optional: len(drivers) > 1})
		}
	}
	for _, l := range []struct {
		rows         int
		module, kind string
	}{{len(p.Bond), "bonding", "bond"}, {len(p.VLAN), "8021q", "vlan"}, {len(p.Bridge), "bridge", "bridge"}, {len(p.Dummy), "dummy", "dummy"}} {
		if l.rows > 0 || l.kind == "vlan" && p.Allows(spec.SiteVLANs) {
			wants = append(wants, kmod.Want{Name: l.module, Why: l.kind})
		}
	}
	for _, f := range features.All() {
		if f.Modules != nil {
			for _, w := range f.Modules(&p.Machine) {
				wants = append(wants, kmod.Want{Name: w.Module, Why: w.Why, Optional: w.Optional})
			}
		}
	}
	if len(p.Share.NFS) > 0 {
		wants = append(wants, kmod.Want{Name: "nfsd", Why: "share.nfs"})
	}
	if len(p.Share.ISCSI) > 0 {
		for _, name := range []string{"iscsi_target_mod", "target_core_file", "target_core_iblock"} {
			wants = append(wants, kmod.Want{Name: name, Why: "share.iscsi"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Array)) {
		for _, module := range []string{"md_mod", personality(p.Array[name].Level)} {
			wants = append(wants, kmod.Want{Name: module, Why: "array." + name})
		}
	}
	for _, at := range slices.Sorted(maps.Keys(p.Mount)) {
		m := p.Mount[at]
		// A type that the kernel has built in without an alias is no module.
		wants = append(wants, kmod.Want{Name: "fs-" + m.Type, Why: "mount " + at, Optional: true})
	}
	for _, group := range p.VolumeGroups() {
		wants = append(wants, kmod.Want{Name: "dm_mod", Why: "volume group " + group})
	}
	return wants, nil
}

// personality is the md driver's module for a level.
func personality(l spec.ArrayLevel) string {
	switch l {
	case "raid4", "raid5", "raid6":
		return "raid456"
	}
	return string(l)
}

// modules picks the modules and lists their files, with the tables that uinit
// and modprobe read.
func modules(p *profile.Profile, in Inputs, squashed bool) ([]kmod.Pick, []tree.File, error) {
	wants, err := Wants(p)
	if err != nil {
		return nil, nil, err
	}
	if squashed {
		wants = append(append(wants, usrWants()...), overlayWant())
	}
	picks, err := in.Modules.Closure(wants)
	if err != nil {
		return nil, nil, err
	}
	files, err := modulesIn(path.Join("lib/modules", in.Modules.Release), in, picks)
	return picks, files, err
}

// modulesIn lists the files of modules in a directory, with the tables.
func modulesIn(dir string, in Inputs, picks []kmod.Pick) ([]tree.File, error) {
	var files []tree.File
	for _, pick := range picks {
		f, err := in.ModuleFile(pick.Module)
		if err != nil {
			return nil, fmt.Errorf("finding module %s: %w", pick.Name, err)
		}
		f.Path, f.Mode, f.Size, f.Why = path.Join(dir, pick.Path), 0o644, pick.Size, "module "+pick.Name+": "+pick.Why
		files = append(files, f)
	}
	tables := in.Modules.Tables(picks)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		files = append(files, text(path.Join(dir, name), 0o644, string(tables[name]), "module tables"))
	}
	return files, nil
}
