package qemu

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// host makes a prober for a machine with a KVM device, whose QEMU is a shell script.
func host(t *testing.T, script string) Prober {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return Prober{
		Binary:   write("qemu", "#!/bin/sh\necho run >>"+dir+"/runs\n"+script+"\n", 0o755),
		CacheDir: filepath.Join(dir, "cache"),
		device:   write("kvm", "", 0o600),
		bootID:   write("boot_id", "one\n", 0o600),
	}
}

// runs counts how often the script ran.
func runs(t *testing.T, p Prober) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(p.Binary), "runs"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "run")
}

func TestProbe(t *testing.T) {
	for _, test := range []struct {
		name, script, accel, reason string
	}{
		{"the guest ran", "exit 33", AccelKVM, ""},
		{"QEMU refused", "echo no such MSR >&2; exit 1", AccelTCG, "a guest under KVM ended with status 1: no such MSR"},
		{"QEMU aborted", "kill -ABRT $$", AccelTCG, "a guest under KVM ended with status 134: nothing was said"},
		{"the guest shut down unasked", "exit 0", AccelTCG, "a guest under KVM ended with status 0: nothing was said"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := host(t, test.script)
			for range 2 {
				if accel, reason := p.Probe(t.Context()); accel != test.accel || reason != test.reason {
					t.Errorf("Probe() = %q, %q, want %q, %q", accel, reason, test.accel, test.reason)
				}
			}
			if n := runs(t, p); n != 1 {
				t.Errorf("%d guests ran for two answers, want 1", n)
			}
			os.WriteFile(p.bootID, []byte("two\n"), 0o600)
			p.Probe(t.Context())
			if n := runs(t, p); n != 2 {
				t.Errorf("%d guests ran after a reboot of the host, want 2", n)
			}
		})
	}
}

// A host where firmware runs and Linux does not, or not for what it looks like.
func TestProbeKernel(t *testing.T) {
	const linux = `for a; do case $a in file:*) serial=${a#file:};; -kernel) kernel=1;; esac; done; if [ -z "$kernel" ]; then exit 33; fi; `
	for _, test := range []struct{ name, script, accel, reason string }{
		{"Linux ran", linux + `echo "[0.0] Linux version 6.1" >"$serial"`, AccelKVM, ""},
		{"Linux never spoke", linux, AccelTCG, "Linux under KVM ended with status 0 before its first line: nothing was said"},
		{"Linux hangs", linux + "while :; do :; done", AccelTCG, "Linux under KVM said nothing in 3 s of processor time"},
		{"Linux takes its time", linux + `echo "[0.0] Linux version 6.1" >"$serial"; while [ $(ulimit -t) != unlimited ]; do :; done`, AccelKVM, ""},
		{"QEMU refused", linux + "echo bad kernel >&2; exit 1", AccelTCG, "Linux under KVM ended with status 1 before its first line: bad kernel"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := host(t, test.script)
			if accel, _ := p.Probe(t.Context()); accel != AccelKVM {
				t.Fatalf("without a kernel it is %s", accel)
			}
			p.Kernel = "vmlinuz"
			for range 2 { // what a sector proved is not enough; the second answer comes from memory
				if accel, reason := p.Probe(t.Context()); accel != test.accel || reason != test.reason {
					t.Errorf("Probe() = %q, %q, want %q, %q", accel, reason, test.accel, test.reason)
				}
			}
			if n := runs(t, p); n != 3 {
				t.Errorf("%d guests ran, want 3", n)
			}
		})
	}
}

func TestProbeWithoutDevice(t *testing.T) {
	p := host(t, "exit 33")
	p.device = "/nonexistent/kvm"
	if accel, reason := p.Probe(t.Context()); accel != AccelTCG || reason != "this machine has no /nonexistent/kvm" {
		t.Errorf("Probe() = %q, %q", accel, reason)
	}
	if n := runs(t, p); n != 0 {
		t.Errorf("%d guests ran without KVM", n)
	}
}

// The boot sector does what it should, which TCG can show on every host.
func TestBootSector(t *testing.T) {
	path := needed.Program(t, DefaultBinary)
	// The prober asks for KVM; the script asks for TCG in its place.
	p := host(t, "for a; do case $a in kvm) a=tcg;; host) a=max;; esac; set -- \"$@\" \"$a\"; shift; done; exec "+path+" \"$@\"")
	if reason := p.try(t.Context()); reason != "" {
		t.Error(reason)
	}
}
