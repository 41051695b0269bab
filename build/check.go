package build

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Check finds what is wrong with a profile beyond its own text, without network:
// commands and driver sets that do not exist, overlays that are not there.
func Check(p *profile.Profile) error {
	var problems profile.Problems
	bad := func(key, format string, args ...any) {
		problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: fmt.Sprintf(format, args...)})
	}
	problems = append(problems, checkCommands(p)...)
	var sets []string
	for _, s := range kmod.Sets() {
		sets = append(sets, s.Name)
	}
	for i, d := range p.Kernel.Drivers {
		if !slices.Contains(sets, d) {
			bad(fmt.Sprintf("kernel.drivers[%d]", i), "there is no driver set %q%s; accepted: %s", d, suggest.DidYouMean(d, sets), strings.Join(sets, ", "))
		}
	}
	overlays, open, err := openOverlays(p)
	var found profile.Problems
	if errors.As(err, &found) {
		problems = append(problems, found...)
	} else if err != nil {
		return err
	}
	if _, err := openSigner(p); errors.As(err, &found) {
		problems = append(problems, found...)
	}
	problems = append(problems, checkPrograms(p, overlays)...)
	problems = append(problems, checkRules(p, overlays, open)...)
	return problems.Sort().Err()
}

// place gives an error of the plan its place in the profile, where it has one.
func place(p *profile.Profile, err error) error {
	var missing *kmod.NoModuleError
	var problems profile.Problems
	for _, e := range unjoin(err) {
		if !errors.As(e, &missing) {
			return err
		}
		key := "kernel.drivers"
		if i := slices.Index(p.Kernel.Modules, missing.Name); i >= 0 {
			key = fmt.Sprintf("kernel.modules[%d]", i)
		} else if _, ok := p.Module[missing.Name]; ok {
			key = "module." + missing.Name
		} else if link, ok := strings.CutPrefix(missing.Why, "ethernet."); ok {
			key = "ethernet." + strings.TrimSuffix(link, ".match") + ".match.driver"
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
