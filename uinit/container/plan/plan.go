// Package plan says what containers need. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{
	Name: "container", Tag: "nocontainer", Used: used, With: with, Units: Units, Check: check, Needs: needs, Images: images, Programs: programs, Modules: modules,
	Facts: facts, Listens: listens, Claims: claims,
}

func used(d *spec.Description) bool { return len(d.Container) > 0 }

// with is what makes file systems.
func with(d *spec.Description) []string {
	for _, c := range d.Container {
		if c.Root.Path != "" {
			return []string{"disk"}
		}
	}
	return nil
}

// images are the containers' own.
func images(m *spec.Machine) (wants []spec.ImageWant) {
	for _, name := range graph.Names(m.Container) {
		c, key := m.Container[name], problem.JoinKey("container", name)
		wants = append(wants, spec.ImageWant{
			Name: name, Key: key + ".image", Reference: c.Image, User: c.User, UserKey: key + ".user", Shifted: c.Has(spec.ContainerUser), Why: key,
		})
	}
	return wants
}

// programs are crun and what it is started with.
func programs(m *spec.Machine) []spec.Program {
	if len(m.Container) == 0 {
		return nil
	}
	all := []spec.Program{{Package: "crun", File: "/usr/bin/crun"}}
	for _, name := range graph.Names(m.Container) {
		c := m.Container[name]
		if c.NAT || len(c.Publish) > 0 {
			all = append(all, spec.Program{Package: "nftables", File: "/usr/sbin/nft"})
		}
		if c.Root.Path != "" {
			all = append(all, spec.Program{Package: "e2fsprogs", File: "/sbin/mke2fs"}, spec.Program{Package: "e2fsprogs", File: "/etc/mke2fs.conf"},
				spec.Program{Package: "e2fsprogs", File: "/sbin/e2fsck"})
		}
		if c.Root.VolumeGroup() != "" {
			all = append(all, spec.Program{Package: "lvm2", File: "/sbin/lvm"})
		}
	}
	return all
}

// Modules are those of every container: a root is layers of squashfs, with one on top that can be written to.
var Modules = []string{"loop", "squashfs", "overlay"}

func modules(m *spec.Machine) (wants []spec.Want) {
	if len(m.Container) == 0 {
		return nil
	}
	add := func(why string, names ...string) {
		for _, name := range names {
			wants = append(wants, spec.Want{Module: name, Why: why})
		}
	}
	add("container", Modules...)
	for _, name := range graph.Names(m.Container) {
		c, why := m.Container[name], problem.JoinKey("container", name)
		if c.Root.Path != "" {
			add(why+".root", "ext4")
		}
		if c.Root.VolumeGroup() != "" {
			add(why+".root", "dm_mod")
		}
	}
	return append(wants, NetworkModules(m)...)
}

// claims are writable roots.
func claims(m *spec.Machine) (rows []graph.Claim) {
	for _, name := range graph.Names(m.Container) {
		r := m.Container[name].Root
		rows = append(rows, graph.Claim{In: problem.JoinKey("container", name), Key: "root.path", Text: r.Path, Path: r.File(), About: "is the root of", Use: graph.Writes})
	}
	return rows
}
