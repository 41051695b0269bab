package qemu_tests

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// onMedia is an appliance whose media can be tested: their kernel line cannot be
// appended to, so what an emulated machine needs is in the profile.
const onMedia = `
formats = ["kernel", "uki", "disk", "iso", "netboot"]

[kernel]
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests"]

[run]
timeout = "5m"
`

// fromMedia proves that uinit was reached and took an address, and nothing else: the
// rest does not depend on what the machine started from.
var fromMedia = map[string]check.Check{
	"address": {Fact: "link.lan.addresses", Matches: `^10\.0\.2\.`, Within: minutes(4)},
}

// start is one way to start a machine.
type way struct {
	firmware string
	medium   profile.Format
	bus      qemu.Bus
	// full: only in the full matrix.
	full bool
}

func (w way) String() string {
	name := w.firmware + " " + string(w.medium)
	if w.bus != "" {
		name += " " + string(w.bus)
	}
	return name
}

// ways: SeaBIOS has no NVMe, and starts no UEFI program.
var ways = []way{
	{qemu.BIOS, profile.FormatDisk, qemu.Virtio, true},
	{qemu.BIOS, profile.FormatDisk, qemu.AHCI, true},
	{qemu.BIOS, profile.FormatDisk, qemu.USB, true},
	{qemu.BIOS, profile.FormatISO, "", true},
	{qemu.BIOS, profile.FormatISO, qemu.USB, false},
	{qemu.BIOS, profile.FormatNetboot, "", true},
	{qemu.UEFI, profile.FormatDisk, qemu.Virtio, true}, // TestSecureBootTakesNothingFromOutside starts so too
	{qemu.UEFI, profile.FormatDisk, qemu.AHCI, true},
	{qemu.UEFI, profile.FormatDisk, qemu.NVMe, true},
	{qemu.UEFI, profile.FormatDisk, qemu.USB, true},
	{qemu.UEFI, profile.FormatISO, "", true},
	{qemu.UEFI, profile.FormatISO, qemu.USB, true},
	{qemu.UEFI, profile.FormatUKI, "", true}, // TestHoldKey, too
	{qemu.UEFI, profile.FormatNetboot, "", true},
}

// Every medium starts a machine from where it may be found, by both kinds of firmware, and brings its kernel line as a whole,
// however long it may be.
func TestMedia(t *testing.T) {
	t.Parallel()
	a := extended(t, longestLine(t, onMedia), map[string]string{})
	checks := maps.Clone(fromMedia)
	checks["line"] = check.Check{Command: []string{"/bin/cat", "/proc/cmdline"}, Output: check.Regexp(`(^|\s)` + regexp.QuoteMeta(a.options.Cmdline) + `\s*$`)}
	for _, w := range ways {
		t.Run(w.String(), func(t *testing.T) {
			if w.full {
				long(t)
			}
			r := a.from(w).proves(t, checks)
			t.Logf("booted at %.1f s, %.1f CPU s in all", r.Boot, r.CPU)
		})
	}
}

// The rescue entry of the menu is one key away, on the serial line too.
func TestRescueEntry(t *testing.T) {
	t.Parallel()
	long(t) // TestGRUBPassword presses the same key
	a := extended(t, onMedia, map[string]string{})
	a = a.from(way{firmware: qemu.BIOS, medium: profile.FormatDisk})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	g := startFor(t, vm.Config, 2*limit)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	// The keys wait in the serial port, and in QEMU, until GRUB looks for one.
	if err := console.Send(strings.Repeat("r", 64)); err != nil {
		t.Fatal(err)
	}
	// The lines that stand for the menu name the key. What comes of the word TestGRUBPassword shows.
	for _, line := range []string{`\[r\] Rescue: a root shell`, `Command line: .* uinit\.rescue`} {
		if _, err := console.Expect(t.Context(), regexp.MustCompile(line)); err != nil {
			t.Fatal(err)
		}
	}
}

// Where the profile gives GRUB a password, the rescue entry, the editor and the command line are behind it, and a boot
// without keys needs none.
func TestGRUBPassword(t *testing.T) {
	t.Parallel()
	salt := []byte("sixteen bytes...")
	key, err := pbkdf2.Key(sha512.New, "battery staple", salt, 1000, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	a := extended(t, onMedia+fmt.Sprintf("[boot]\npassword_hash = \"grub.pbkdf2.sha512.1000.%X.%X\"\n", salt, key), map[string]string{})
	a = a.from(way{firmware: qemu.BIOS, medium: profile.FormatDisk})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	g := startFor(t, vm.Config, 3*limit)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	// The keys wait until GRUB looks for one; those that are left over are taken for a user's name.
	if err := console.Send(strings.Repeat("r", 64)); err != nil {
		t.Fatal(err)
	}
	asked := func(key, password string) [][2]string {
		return [][2]string{{``, key}, {`Enter username:\s*$`, "root\n"}, {`Enter password:\s*$`, password + "\n"}}
	}
	denied := [][2]string{{`access denied`, " "}} // where any key leads on to the menu, and elsewhere means nothing
	steps := slices.Concat([][2]string{{`Enter username:`, "\n"}, {`Enter password:\s*$`, "battery staple\n"}}, denied,
		asked("e", "wrong"), denied, asked("c", "wrong"), denied, asked("r", "wrong"), denied,
		asked("r", "battery staple"), [][2]string{{`Command line: .* uinit\.rescue`, ""}, {`Password of root: $`, vm.Password + "\n"}, {`# $`, ""}})
	for _, step := range steps {
		if _, err := console.Expect(t.Context(), regexp.MustCompile(step[0])); err != nil {
			t.Fatal(err)
		}
		if err := console.Send(step[1]); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(console.Text(), "grub>") {
		t.Error("GRUB's command line was there")
	}
	g.Kill()

	// Without keys the kernel starts, and TestSite shows what comes then.
	console, err = startFor(t, vm.Config, 2*limit).Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`Command line: .*`)); err != nil {
		t.Fatal(err)
	}
	if asked := regexp.MustCompile(`Enter username|uinit\.rescue`).FindString(console.Text()); asked != "" {
		t.Errorf("of a boot without keys GRUB makes %q:\n%s", asked, console.Text())
	}
}

// from is the appliance started from a medium.
func (a appliance) from(w way) appliance {
	dir := filepath.Dir(a.kernel)
	a.options.Firmware = w.firmware
	a.options.Medium = boot.Medium{Format: w.medium, Path: build.Medium(a.profile, dir, w.medium), Stored: a.profile.Disk.Format, Bus: w.bus}
	return a
}

// proves boots the appliance and demands that checks hold.
func (a appliance) proves(t *testing.T, checks map[string]check.Check) check.Results {
	t.Helper()
	p := *a.profile
	p.Check = checks
	a.profile = &p
	return a.prove(t)
}

func minutes(n int) spec.Duration { return spec.Duration(n) * spec.Duration(time.Minute) }
