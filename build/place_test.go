package build

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// checked is what "imgbuild check" finds wrong with a text that lies in a file.
func checked(t *testing.T, text string) profile.Problems {
	t.Helper()
	mine := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(mine, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, problems, err := profile.Load(mine, profile.Find(profiles.FS))
	if err == nil {
		_, err = Check(p)
	}
	errors.As(err, &problems)
	for i := range problems {
		problems[i].Pos.File = strings.TrimPrefix(problems[i].Pos.File, filepath.Dir(mine)+"/")
	}
	return problems
}

// What a profile makes wrong of a shipped one is told where it does, and the shipped one's place is named beside it.
func TestProblemsWithShippedProfilesStandInTheUsersFile(t *testing.T) {
	for _, tc := range []struct{ base, text, want string }{
		{"headless", "[console.\"ttyS*\"]\nspeed = 9600", `3:9: console."ttyS*".speed: and kernel.cmdline[1] (shipped:headless.toml:11:`},
		{"headless", "[kernel]\ncmdline = [\"console=ttyS0,115200n8\"]", `3:11: kernel.cmdline: and console.tty1 (shipped:headless.toml:`},
		{"headless", "[packages.bash]\nfiles = [\"/bin/rbash\"]", `3:9: packages.bash.files: and user.root.shell (shipped:headless.toml:`},
		{"headless", "[ethernet.lan]\ndhcp4 = false\nno_address = true\n[check.address]\nafter = \"nothing\"", `6:9: check.address.after: there is no [check.nothing]`},
		{"firewall", "[firewall.flow]\ninterfaces = [\"wan\"]", `3:14: firewall.flow.interfaces: and check.flow.unit (shipped:firewall.toml:`},
		{"firewall", "[image]\noverlays = []", `3:12: image.overlays: and firewall.rules (shipped:firewall.toml:`},
		{"firewall", "[packages.dnsmasq-base]\nfiles = [\"/bin/other\"]", `3:9: packages.dnsmasq-base.files: and service.dnsmasq.command (shipped:firewall.toml:`},
		{"hypervisor", "[vm.example.disk.root]\ncreate = false", `3:10: vm.example.disk.root.create: and vm.example.disk.root.size (shipped:hypervisor.toml:`},
		{"hypervisor", "[mount.\"/srv/vm\"]\ntype = \"tmpfs\"\nsource = \"tmpfs\"", `3:8: mount."/srv/vm".type: and vm.example.disk.root.path (shipped:hypervisor.toml:`},
		{"hypervisor", "[run]\nmemory = \"128M\"", `3:10: run.memory: and vm.example.memory (shipped:hypervisor.toml:`},
		{"nas", "[array.data]\nlevel = \"raid6\"", `3:9: array.data.level: and array.data.create (shipped:nas.toml:`},
		{"nas", "[mount.\"/srv\"]\ntype = \"xfs\"", `3:8: mount."/srv".type: and mount."/srv".create (shipped:nas.toml:`},
	} {
		found := false
		problems := checked(t, fmt.Sprintf("extends = %q\n%s\n", tc.base, tc.text))
		for _, p := range problems {
			found = found || strings.Contains(strings.Replace(p.String(), "warning: ", "", 1), "mine.toml:"+tc.want)
			if p.Pos.File != "mine.toml" {
				t.Errorf("%s with %q: told at %s", tc.base, tc.text, p)
			}
		}
		if !found {
			t.Errorf("%s with %q: %v; want mine.toml:%s", tc.base, tc.text, problems, tc.want)
		}
	}
}
