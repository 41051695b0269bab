package qemu_tests

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// correctHorse gives root a password in site.toml.
const correctHorse = `[user.root]
password_hash = "` + hash + `"
`

// A rescue shell comes before site.toml is read; root's password in there opens it all the same, and where the medium is
// gone nothing does, nor does the disk of another image.
func TestRescueBySite(t *testing.T) {
	t.Parallel()
	a := extended(t, open, map[string]string{})
	medium := build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatISO)
	a.options.Append, a.options.Password = []string{"uinit.rescue"}, false
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()

	t.Run("without the medium", func(t *testing.T) {
		config := vm.Config
		config.Disks = append(config.Disks, qemu.Disk{ID: "foreign", Path: foreign(t, "hostname = \"foreign\"\n"+correctHorse), Snapshot: true})
		g := startFor(t, config, 2*limit)
		s := until(t, g, "the boot", func(s *report.State) bool {
			return isBooted(s) && s.Facts["site.state"].Value != nil && slices.Contains(addresses(s, "lan"), addr("10.0.2.15"))
		})
		if e := s.Units["rescue"]; e.State != "failed" || e.Message != "no shell: nobody gets in: root has no password" {
			t.Errorf("a shell that is asked for: %+v", e)
		}
		wantFacts(t, facts(g), map[string]any{"site.state": "no medium", "hostname": "box"})
	})
	t.Run("with it, an ISO on a stick", func(t *testing.T) {
		config := vm.Config
		config.Disks = append(config.Disks, qemu.Disk{ID: "stick", Snapshot: true, Path: withSite(t, medium, "hostname = \"box8\"\n"+correctHorse)})
		g := startFor(t, config, 2*limit)
		talk(t, g,
			[2]string{`Password of root: $`, "wrong\r"},
			[2]string{`Login incorrect\s+Password of root: $`, "correct horse\r"},
			[2]string{`# $`, "exit\r"},
			[2]string{`login: $`, ""})
		s := until(t, g, "the boot", func(s *report.State) bool { return isBooted(s) && s.Facts["site.state"].Value != nil })
		if s.Facts["site.state"].Value != "used" || s.Units["rescue"].State != "" {
			t.Errorf("site.toml is %v; the shell: %+v", s.Facts["site.state"].Value, s.Units["rescue"])
		}
		hasFact(t, g, "hostname", "box8")
	})
}
