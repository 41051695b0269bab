package qemu_tests

import (
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// A rescue shell comes before site.toml is read; root's password in there opens it all the same, and where the medium is
// gone nothing does.
func TestRescueBySite(t *testing.T) {
	a := extended(t, open, map[string]string{})
	medium := build.Medium(a.profile, filepath.Dir(a.options.Kernel), profile.FormatDisk)
	a.options.Append, a.options.Password = []string{"uinit.rescue"}, false
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()

	t.Run("without the medium", func(t *testing.T) {
		g := startFor(t, vm.Config, 3*limit)
		s := until(t, g, "the boot", isBooted)
		if e := s.Units["rescue"]; e.State != "failed" || e.Message != "no shell: nobody gets in: root has no password" {
			t.Errorf("a shell that is asked for: %+v", e)
		}
	})
	t.Run("with it", func(t *testing.T) {
		config := vm.Config
		config.Disks = append(config.Disks, qemu.Disk{ID: "medium", Snapshot: true, Path: withSite(t, medium, `[user.root]
# "correct horse"
password_hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
`)})
		g := startFor(t, config, 3*limit)
		talk(t, g,
			[2]string{`Password of root: $`, "wrong\r"},
			[2]string{`Login incorrect\s+Password of root: $`, "correct horse\r"},
			[2]string{`# $`, "exit\r"},
			[2]string{`login: $`, ""})
		s := until(t, g, "the boot", func(s *report.State) bool { return isBooted(s) && s.Facts["site.state"].Value != nil })
		if s.Facts["site.state"].Value != "used" || s.Units["rescue"].State != "" {
			t.Errorf("site.toml is %v; the shell: %+v", s.Facts["site.state"].Value, s.Units["rescue"])
		}
	})
}
