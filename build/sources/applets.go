package sources

import (
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Debian's busybox, which some commands are.
const (
	appletPackage = "busybox"
	appletFile    = "/bin/busybox"
)

// packages are those that the profile names, and the one that its commands stand on, where none of the profile's own is asked for
// such a program: of busybox and busybox-static apt installs one.
func packages(p *profile.Profile) map[string]profile.Package {
	_, commands := Commands(p)
	if !slices.ContainsFunc(commands, func(c plan.Command) bool { return c.Program == plan.AppletName }) || named(p)(plan.MergedUsr(appletFile)) {
		return p.Packages
	}
	all := maps.Clone(p.Packages)
	if all == nil {
		all = map[string]profile.Package{}
	}
	pkg := all[appletPackage]
	if !pkg.Whole {
		pkg.Files = append(slices.Clone(pkg.Files), appletFile)
		all[appletPackage] = pkg
	}
	return all
}

// packageNames are the packages that apt is asked for, the kernel's aside.
func packageNames(p *profile.Profile) []string {
	names := append(slices.Collect(maps.Keys(packages(p))), p.Kernel.Microcode...)
	slices.Sort(names)
	return slices.Compact(names)
}
