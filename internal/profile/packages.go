package profile

import (
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
}
