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
	for _, name := range p.Kernel.Modules {
		wants = append(wants, kmod.Want{Name: name, Why: "kernel.modules"})
	}
	for _, f := range features.All() {
		if f.Modules == nil {
			continue
		}
		for _, want := range f.Modules(&p.Machine) {
			wants = append(wants, kmod.Want{Name: want.Module, Why: want.Why, Optional: want.Optional})
		}
	}
	return wants, nil
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
	if err != nil || !squashed {
		return picks, files, err
	}
	early, err := in.Modules.Closure(usrWants())
	for i, pick := range picks { // what came before /usr is not there twice
		if slices.ContainsFunc(early, func(e kmod.Pick) bool { return e.Path == pick.Path }) {
			files[i] = symlink(files[i].Path, path.Join(spec.EarlyDir, pick.Path), files[i].Why)
		}
	}
	return picks, files, err
}

// modulesIn lists the files of modules in a directory, in order, and then the tables.
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
