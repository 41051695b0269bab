// Package plan says what mounts need. It is pure, and the builder's as well.
package plan

import (
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "mount", Units: Units, Check: check, Programs: programs, Modules: modules}

// Units mount the file systems, each after those that its target lies on.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, target := range graph.Names(d.Mount) {
		cfg := d.Mount[target]
		needs, after := append([]string{"mounts"}, graph.Above(&d.Machine, target)...), []string{"modules"}
		if name, ok := strings.CutPrefix(cfg.Source, "array:"); ok {
			needs = append(needs, "array:"+name)
		}
		units = append(units, graph.Unit{Unit: unit.Unit{
			Name: "mount:" + target, Needs: needs, After: after, Timeout: time.Duration(cfg.Timeout), Soft: cfg.NoFail,
		}, AfterMedium: true}) // the same file system could not be mounted both ways at a time
	}
	return units
}

func programs(m *spec.Machine) (list []spec.Program) {
	add := func(pkg, file string) { list = append(list, spec.Program{Package: pkg, File: file}) }
	if len(m.VolumeGroups()) > 0 {
		add("lvm2", "/sbin/lvm")
	}
	for _, at := range graph.Names(m.Mount) {
		cfg := m.Mount[at]
		if cfg.Create {
			add("e2fsprogs", "/sbin/mke2fs")
			add("e2fsprogs", "/etc/mke2fs.conf")
		}
		switch {
		case cfg.Preened() && cfg.Type == "ext4":
			add("e2fsprogs", "/sbin/e2fsck")
		case cfg.Preened() && cfg.Type == "vfat":
			add("dosfstools", "/sbin/fsck.fat")
		}
	}
	return list
}

func modules(m *spec.Machine) (wants []spec.Want) {
	for _, at := range graph.Names(m.Mount) {
		// A type that the kernel has built in without an alias is no module.
		wants = append(wants, spec.Want{Module: "fs-" + m.Mount[at].Type, Why: "mount " + at, Optional: true})
	}
	for _, group := range m.VolumeGroups() {
		wants = append(wants, spec.Want{Module: "dm_mod", Why: "volume group " + group})
	}
	return wants
}
