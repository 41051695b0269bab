package qemu_tests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
	"github.com/imgbuild/imgbuild/build/vmlinux"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/profiles"
)

// appliance is a built profile, ready to boot.
type appliance struct {
	profile *profile.Profile
	options boot.Options
	// kernel is the file that was built; the options may have it unpacked.
	kernel string
}

// shipped builds a profile that comes with imgbuild, as "imgbuild test NAME" does. Of all that is in it the license is
// known, and its checks look for open ports.
func shipped(t *testing.T, name string) appliance {
	t.Helper()
	a := built(t, name)
	sbomtest.Beside(t, strings.TrimSuffix(a.kernel, "-kernel"))
	a.profile.Check = asDocumented(t, name, a.profile.Check)
	return a
}

// extended builds a profile of the test's own on top of headless. Files lie next
// to it, for overlays.
func extended(t *testing.T, text string, files map[string]string) appliance {
	t.Helper()
	return extendedFrom(t, "headless", text, files)
}

// extendedFrom is extended on top of another profile.
func extendedFrom(t *testing.T, base, text string, files map[string]string) appliance {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "box.toml")
	files["../"+filepath.Base(dir)+"/box.toml"] = "extends = \"" + base + "\"\n" + text
	for name, body := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return built(t, path)
}

// built builds into a directory of the test's own; what it downloads and compiles
// stays in the user's cache.
func built(t *testing.T, name string) appliance {
	t.Helper()
	p, _, err := profile.Load(name, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	e, err := build.NewEnv("", &progress.Lines{W: logWriter{t}})
	if err != nil {
		t.Fatal(err)
	}
	if !measuring() {
		// What is built here is booted, which loads the rules of a firewall; TestRulesTried tries them beforehand.
		e.Trial.Here = func(context.Context, string, string) ([]nft.Message, error) { return nil, nil }
	}
	dir := t.TempDir()
	if filepath.IsAbs(name) && !full() && !measuring() {
		// One init for all profiles of tests, which leaves nothing out, instead of one more compiled for each set of features that one
		// of them happens to use. Those of shipped profiles, and all in the full run, leave out what they do not need.
		init, err := e.Go.Uinit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e.Go.UinitFile = init.Path
	}
	if filepath.IsAbs(name) && !measuring() && slices.Equal(p.Formats, []profile.Format{profile.FormatKernel}) {
		// Packed once and read once: packing well is the larger half of it. What is shipped, media and figures are packed.
		p.Image.Compression = profile.None
	}
	if _, err := e.Build(t.Context(), p, dir, build.Options{}); err != nil {
		t.Fatal(err)
	}
	kernel, initrd, cmdline := build.Artifacts(p, dir)
	line, err := os.ReadFile(cmdline)
	if err != nil {
		t.Fatal(err)
	}
	machines.Store(initrd, features.Facts(p.Description()))
	var consoles []string
	for c := range p.Console {
		consoles = append(consoles, c)
	}
	return appliance{p, boot.Options{
		Kernel: unpacked(t, e.Cache, kernel), Initrd: initrd, Cmdline: strings.TrimSpace(string(line)), Run: p.Run,
		Accel: qemu.AccelTCG, Serials: boot.Serials(consoles), Password: p.Access.HostPassword, Test: true,
	}, kernel}
}

// unpacked is Debian's kernel for all machines as an emulated processor need not unpack it first, which is half the work of a boot; it
// lies beside the other. The cloud's kernel is compressed so that this takes no time. Boots from media, as real boxes do them, start
// the packed ones, and so do figures.
func unpacked(t *testing.T, c *cache.Cache, kernel string) string {
	t.Helper()
	if measuring() {
		return kernel
	}
	f, err := os.Open(kernel)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		t.Fatal(err)
	}
	entry, err := vmlinux.Cached(t.Context(), c, hex.EncodeToString(sum.Sum(nil)), f)
	if errors.Is(err, vmlinux.ErrNone) {
		return kernel
	}
	if err != nil {
		t.Fatal(err)
	}
	name := kernel + "-unpacked"
	if err := os.Symlink(filepath.Join(entry.Dir, vmlinux.Name), name); err != nil {
		t.Fatal(err)
	}
	return name
}

// patient are checks with all the time that they may need here, where others boot on the same processors: a profile's own limits are
// for who boots it alone. Whoever passes does not wait for it.
func patient(checks map[string]check.Check) map[string]check.Check {
	checks = maps.Clone(checks)
	for name, c := range checks {
		c.Within = max(c.Within, minutes(4))
		checks[name] = c
	}
	return checks
}

// logWriter shows progress in the test's log.
type logWriter struct{ t *testing.T }

func (w logWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// prove boots the appliance and demands that all its checks hold and that it
// powers off in good order.
func (a appliance) prove(t *testing.T) check.Results {
	t.Helper()
	a.options.Run.Timeout = max(a.options.Run.Timeout, minutes(5))
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	vm.Reported = onlyDeclared(t, vm.Config)
	r, err := vm.Test(t.Context(), patient(a.profile.Check), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Passed() {
		var table strings.Builder
		check.WriteTable(&table, r, false)
		t.Errorf("the appliance failed:\n%s", table.String())
	}
	return r
}
