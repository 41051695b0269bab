package sources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// Check finds commands, driver sets and files that do not exist, or hold something else, without network. open opens the overlays' files.
func Check(p *profile.Profile, overlays []plan.Overlay, open tree.Opener) profile.Problems {
	accounts := p.Judge()
	plan.CheckAccounts(accounts, p.User)
	plan.CheckSFTP(accounts, p)
	return slices.Concat(checkCommands(p), checkDrivers(p), checkFiles(p, overlays), checkScripts(p, overlays, open), checkReplace(p, overlays), checkContents(p, overlays, open), checkTunnels(p, overlays), checkConflicts(p, overlays), checkImages(p, Wants(p)), accounts.Found())
}

func checkDrivers(p *profile.Profile) (problems profile.Problems) {
	var sets []string
	for _, s := range kmod.Sets() {
		sets = append(sets, s.Name)
	}
	for i, d := range p.Kernel.Drivers {
		if !slices.Contains(sets, d) {
			key := fmt.Sprintf("kernel.drivers[%d]", i)
			problems = append(problems, profile.Problem{Pos: p.At(key), Key: key,
				Msg: fmt.Sprintf("there is no driver set %q%s; accepted: %s", d, suggest.DidYouMean(d, sets), strings.Join(sets, ", "))})
		}
	}
	return problems
}
