package sources

import (
	"errors"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Place gives an error of the plan its place in the profile, where it has one.
func Place(p *profile.Profile, err error) error {
	var missing *kmod.NoModuleError
	var problems profile.Problems
	for _, e := range unjoin(err) {
		if !errors.As(e, &missing) {
			return err
		}
		key := "kernel.drivers"
		if i := slices.Index(p.Kernel.Modules, missing.Name); i >= 0 {
			key = problem.JoinIndex("kernel.modules", i)
		} else if _, ok := p.Module[missing.Name]; ok {
			key = problem.JoinKey("module", missing.Name)
		} else if link, ok := strings.CutPrefix(missing.Why, "ethernet."); ok {
			key = problem.JoinKey("ethernet", strings.TrimSuffix(link, ".match")) + ".match.driver"
		}
		problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: missing.Error()})
	}
	return problems.Sort()
}

func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// placePackage names the place in the profile of a package that does not exist.
func placePackage(p *profile.Profile, err error) error {
	var none *deb.NoPackageError
	if !errors.As(err, &none) {
		return err
	}
	key := "kernel.package"
	if _, ok := p.Packages[none.Name]; ok {
		key = problem.JoinKey("packages", none.Name)
	} else if none.Name == appletPackage {
		key = "image.commands"
	}
	return profile.Problems{{Pos: p.At(key), Key: key, Msg: none.Error()}}
}

// placeFiles names the places in the profile of files that no package has, or several have.
func placeFiles(p *profile.Profile, err error) error {
	var problems profile.Problems
	for _, e := range unjoin(err) {
		if clash := (*deb.ClashError)(nil); errors.As(e, &clash) {
			problems = append(problems, plan.Clash(p, clash.Path, clash.Packages)...)
			continue
		}
		var missing *deb.NoFileError
		if !errors.As(e, &missing) {
			return err
		}
		for name, pkg := range packages(p) {
			if i := slices.Index(pkg.Files, missing.Want); i >= 0 {
				key := problem.JoinIndex(problem.JoinKey("packages", name)+".files", i)
				problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: missing.Error()})
			}
		}
	}
	return problems.Sort()
}
