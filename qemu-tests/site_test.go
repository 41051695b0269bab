package qemu_tests

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
)

const open = `
formats = ["kernel", "disk", "iso"]

[kernel]
package = "linux-image-cloud-amd64"
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests"]

[image]
overlays = ["headless"]

[site]
allow = ["hostname", "addresses", "vlans", "log_server", "authorized_keys", "password_hash"]
wait  = "20s"

[user.eve]

[run]
timeout = "5m"
`

// What the owner writes on the stick, on a laptop, is what the box becomes; and no change, where it
// is wrong. TestRescueBySite does the same with an ISO on a stick, and with a disk that the box did not start from.
func TestSite(t *testing.T) {
	t.Parallel()
	a := extended(t, open, map[string]string{})
	medium := build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk)
	if text := fromESP(t, medium); !strings.Contains(text, "\n#hostname = \"box\"\n") {
		t.Errorf("the example on the medium:\n%s", text)
	}
	t.Run("what it says", func(t *testing.T) {
		a := a.from(way{firmware: qemu.BIOS, medium: profile.FormatDisk, bus: qemu.Virtio})
		a.options.Medium.Path = withSite(t, medium, `hostname = "box7"
[ethernet.lan]
dhcp4     = false
addresses = ["10.0.2.77/24"]
gateways  = ["10.0.2.2"]
[vlan.guests]
parent    = "lan"
id        = 30
addresses = ["192.0.2.30/24"]
[log]
remote = "udp://10.0.2.2:5140"
[user.eve]
# "correct horse"
password_hash   = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL eve@laptop"]
`)
		a.proves(t, map[string]check.Check{
			"state":   {Fact: "site.state", Equals: "used"},
			"name":    {Fact: "hostname", Equals: "box7"},
			"address": {Fact: "link.lan.addresses", Matches: `^10\.0\.2\.77/24$`},
			"vlan":    {Fact: "link.guests.addresses", Matches: `^192\.0\.2\.30/24$`},
			"vlans":   {Unit: "site-vlans"},
			"log":     {Fact: "log.connected", Equals: true},
			"prompt":  {Console: "ttyS0", Expect: "^box7 login: $", Send: "eve\n"},
			"ask":     {After: "prompt", Console: "ttyS0", Expect: "Password: $", Send: "correct horse\n"},
			"shell":   {After: "ask", Console: "ttyS0", Expect: `\$ $`, Send: "cat .ssh/authorized_keys /etc/hosts /etc/hostname\n"},
			"files":   {After: "shell", Console: "ttyS0", Expect: `^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL eve@laptop\n127\.0\.0\.1 localhost\n[^\n]*\n127\.0\.1\.1 box7\nbox7\n`},
		})
	})
	t.Run("mistakes", func(t *testing.T) {
		bad := withSite(t, medium, "hostname = \"box7\"\n[ethernet.lan]\naddreses = []\n[time]\nservers = [\"10.0.2.2\"]\n")
		a.provesWith(t, map[string]check.Check{
			"state":   {Fact: "site.state", Equals: "refused"},
			"unknown": {Fact: "site.problems", Matches: `^site\.toml:3:1: ethernet\.lan\.addreses: unknown key; did you mean addresses\?`},
			"refused": {Fact: "site.problems", Matches: `^site\.toml:5:1: time\.servers: the image does not allow time_servers to be changed`},
			"unit":    {Unit: "site", Outcome: "failed"},
			"console": {Console: "ttyS0", Expect: `^! site failed: site\.toml:3:1: .* \(and 1 more\); the image's own configuration is used\n`},
			"name":    {Fact: "hostname", Equals: "box"},
			"address": {Fact: "link.lan.addresses", Matches: `^10\.0\.2\.15/24$`},
		}, qemu.Disk{ID: "medium", Path: bad, Snapshot: true})
	})
	t.Run("another name", func(t *testing.T) { // beside the example, which says nothing
		long(t)
		hidden := withNamed(t, medium, "site.toml.txt", "hostname = \"box7\"\n")
		a.provesWith(t, map[string]check.Check{
			"state":   {Fact: "site.state", Equals: "used"},
			"name":    {Fact: "hostname", Equals: "box"},
			"unit":    {Unit: "site", Outcome: "failed"},
			"console": {Console: "ttyS0", Expect: `^! site failed: site\.toml\.txt: is not read; rename it to site\.toml`},
		}, qemu.Disk{ID: "medium", Path: hidden, Snapshot: true})
	})
}

// provesWith boots the kernel itself, with disks beside it.
func (a appliance) provesWith(t *testing.T, checks map[string]check.Check, disks ...qemu.Disk) {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	vm.Config.Disks = append(vm.Config.Disks, disks...)
	vm.Reported = onlyDeclared(t, vm.Config)
	r, err := vm.Test(t.Context(), patient(checks), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Passed() {
		check.WriteTable(logWriter{t}, r, false)
		t.Error("the appliance failed")
	}
}

// esp names the EFI system partition of a disk image as mtools want it.
func esp(t *testing.T, image string) string {
	t.Helper()
	return fmt.Sprintf("%s@@%d", image, partitionOf(t, image, layout.ESPName).Offset())
}

// fromESP reads the site.toml of a disk image.
func fromESP(t *testing.T, image string) string {
	t.Helper()
	text, err := exec.Command("mcopy", "-i", esp(t, image), "::site.toml", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("mcopy: %v\n%s", err, text)
	}
	return string(text)
}

// withSite is a copy of a disk image with a site.toml.
func withSite(t *testing.T, image, text string) string {
	t.Helper()
	return withNamed(t, image, "site.toml", text)
}

// withNamed is a copy of a disk image with a file on its EFI system partition.
func withNamed(t *testing.T, image, name, text string) string {
	t.Helper()
	edited := filepath.Join(t.TempDir(), "edited.img")
	if out, err := exec.Command("cp", "--sparse=always", image, edited).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	mcopy := exec.Command("mcopy", "-o", "-i", esp(t, edited), "-", "::"+name)
	mcopy.Stdin = strings.NewReader(text)
	if out, err := mcopy.CombinedOutput(); err != nil {
		t.Fatalf("mcopy: %v\n%s", err, out)
	}
	return edited
}

// foreign is the disk of another profile, with a site.toml.
func foreign(t *testing.T, text string) string {
	t.Helper()
	image, _, err := disk.New(disk.Config{Name: "other", Epoch: time.Unix(0, 0), Boot: grub.NoMenu(bytes.NewReader(make([]byte, 512))),
		Files: []fat.File{{Path: "site.toml", Content: strings.NewReader(text)}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "foreign.img")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, io.NewSectionReader(image, 0, image.Size())); err != nil {
		t.Fatal(err)
	}
	return path
}
