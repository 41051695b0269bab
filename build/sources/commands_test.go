package sources

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/plan"
)

// The SSH server's scp gives way to OpenSSH's, which is a client as well. The server itself does not give way.
func TestScpOfAPackageWillDo(t *testing.T) {
	for _, tt := range []struct {
		packages  string
		ours      bool
		conflicts int
	}{
		{"", true, 0},
		{"[packages.openssh-client]\nfiles = [\"/usr/bin/scp\"]\n", false, 0},
		{"[packages.openssh-server]\nfiles = [\"/usr/bin/sshd\"]\n", true, 1},
	} {
		p := loaded(t, "extends = \"headless\"\n[ssh]\n[site]\nallow = [\"authorized_keys\"]\n"+tt.packages)
		compiled, commands := Commands(p)
		if has := slices.ContainsFunc(commands, func(c plan.Command) bool { return c.Name == "scp" }); has != tt.ours || slices.Contains(compiled, "scp") != tt.ours {
			t.Errorf("%s: scp is ours: %v; compiled are %v", tt.packages, has, compiled)
		}
		if found := checkConflicts(p, nil); len(found) != tt.conflicts {
			t.Errorf("%s: %v", tt.packages, found)
		}
	}
}
