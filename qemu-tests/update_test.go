package qemu_tests

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// slotted is a box that takes versions. What follows goes on in [update].
const slotted = `
name    = "box"
version = %q
formats = ["kernel", "disk", "update"]
[kernel]
package = "linux-image-cloud-amd64"
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests", "` + report.ParamTest + `"]
[packages.bash]
files = ["/bin/bash"]
[check.up]
unit   = "online:lan"
on_box = true
[update]
keys = [%q]
%s
`

// firmware is a way to start a disk with slots.
type firmware struct {
	name string
	kind string
	cert *x509.Certificate
	// signs are the lines of a profile, files what they name.
	signs string
	files map[string]string
}

// firmwares are all of them.
func firmwares(t *testing.T) []firmware {
	t.Helper()
	needed.File(t, qemu.OVMFSecureCode)
	key, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	return []firmware{
		{"BIOS", qemu.BIOS, nil, "", nil},
		{"UEFI", qemu.UEFI, nil, "", nil},
		{"Secure Boot", qemu.UEFI, cert, "[secureboot]\nkey  = \"box.key\"\ncert = \"box.crt\"\n",
			map[string]string{"box.key": string(uki.EncodeKey(key)), "box.crt": string(uki.EncodeCertificate(cert))}},
	}
}

// release is the key that versions are signed with, and the line of its public half.
func release(t *testing.T) (key, public string) {
	t.Helper()
	key = filepath.Join(t.TempDir(), "release")
	if out, err := exec.Command(needed.Program(t, "ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "release", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	text, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return key, strings.TrimSpace(string(text))
}

// version builds one.
func (f firmware) version(t *testing.T, public, version, more string, files map[string]string) appliance {
	t.Helper()
	all := maps.Clone(f.files)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, files)
	text := fmt.Sprintf(slotted, version, public, more+"\n"+f.signs)
	if strings.Contains(more, watched) {
		text = strings.Replace(text, `"linux-image-cloud-amd64"`, `"linux-image-amd64"`+"\nmodules = [\"i6300esb\"]", 1)
	}
	return extended(t, text, all)
}

// update is the file of a version.
func (a appliance) update() string {
	return build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatUpdate)
}

// signed signs a version.
func signed(t *testing.T, key, update string) {
	t.Helper()
	f, err := os.Open(update)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := slot.ReadHead(f)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(needed.Program(t, "ssh-keygen"), "-q", "-Y", "sign", "-n", slot.Namespace, "-f", key)
	cmd.Stdin = strings.NewReader(string(text))
	signature, err := cmd.Output()
	if err := errors.Join(err, os.WriteFile(update+slot.SignatureSuffix, signature, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// disk is a copy of the disk of a version, to be written to.
func (a appliance) disk(t *testing.T) string {
	t.Helper()
	disk := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("cp", "--sparse=always", build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk), disk).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	return disk
}

// place writes a version to the second slot of a disk, as a box does, and has the next start try it.
func place(t *testing.T, disk, update string, tries int) {
	t.Helper()
	content, err := os.ReadFile(update)
	if err != nil {
		t.Fatal(err)
	}
	text, err := slot.ReadHead(strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := slot.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = f.WriteAt(content, partitionOf(t, disk, layout.SlotBName).Offset())
	if err != nil {
		t.Fatal(err)
	}
	record := within{f, partitionOf(t, disk, layout.RecordName).Offset()}
	r, _, err := slot.Read(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []slot.Event{{Kind: slot.Begin, Slot: slot.B, Version: m.Version}, {Kind: slot.Wrote, Slot: slot.B, Tries: tries}} {
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := slot.Write(record, f.Sync, &r); err != nil {
		t.Fatal(err)
	}
}

// recordOf reads the record of a disk.
func recordOf(t *testing.T, disk string) *slot.Record {
	t.Helper()
	f, err := os.Open(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, _, err := slot.Read(within{f, partitionOf(t, disk, layout.RecordName).Offset()})
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

// within is a partition of a disk image.
type within struct {
	*os.File
	offset int64
}

func (w within) ReadAt(p []byte, at int64) (int, error)  { return w.File.ReadAt(p, w.offset+at) }
func (w within) WriteAt(p []byte, at int64) (int, error) { return w.File.WriteAt(p, w.offset+at) }

// startDisk starts a machine from a disk, that goes on after a reset.
func (f firmware) startDisk(t *testing.T, a appliance, disk string, time time.Duration, change func(*qemu.Config)) *qemu.Guest {
	t.Helper()
	a = a.from(way{firmware: f.kind, medium: profile.FormatDisk})
	a.options.Medium.Path, a.options.SecureBoot = disk, f.cert
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Reboot = true
	for i := range vm.Config.Disks {
		if vm.Config.Disks[i].Path == disk {
			vm.Config.Disks[i].Snapshot = false
		}
	}
	if change != nil {
		change(&vm.Config)
	}
	return startFor(t, vm.Config, time)
}

// itRuns waits until a version runs, and is in a state.
func itRuns(t *testing.T, g *qemu.Guest, version string, state slot.State) report.State {
	t.Helper()
	return until(t, g, version+" "+string(state), func(s *report.State) bool {
		now := since(s)
		return now["version"] == version && now["update.state"] == string(state) && now["boot.state"] != nil
	})
}

// since are the facts of the boot that runs.
func since(s *report.State) map[string]any {
	facts := map[string]any{}
	for _, e := range s.Events {
		switch e.Kind {
		case report.KindHello:
			clear(facts)
		case report.KindFact:
			facts[e.Name] = e.Value
		}
	}
	return facts
}

// cutOff is what is said of a try that ends without a word.
var cutOff = []string{
	"its last try ended after uinit had begun, before the boot was over: power cut, hang or kernel panic",
	"its last try ended while its checks ran: power cut, hang or kernel panic",
}

// worse are versions that do not work, and what is said of them.
var worse = map[string]struct {
	more string
	// why is one of these: a boot may be over, or not, when it is cut off.
	why []string
	// reset: nothing ends the try but a person at the power switch, once the console shows this.
	reset string
	// watchdog is that of the machine: the cloud's kernel has no driver for one.
	watchdog bool
}{
	"panic":         {more: panics, why: cutOff},
	"uinit crash":   {more: crashes("KILL"), why: []string{"uinit crashed: killed by SIGKILL"}},
	"hang":          {more: crashes("STOP"), why: cutOff, reset: "about to send STOP"},
	"watchdog":      {more: crashes("STOP") + watched, why: cutOff, watchdog: true},
	"failing check": {more: "[check.never]\nfact = \"boot.state\"\nequals = \"excellent\"\nwithin = \"2s\"\non_box = true\n", why: []string{`check.never: wanted fact boot.state to equal "excellent" within 2s; it is "ok"`}},
	"hanging check": {more: "[check.forever]\ncommand = [\"/bin/sleep\", \"1000\"]\nwithin = \"2s\"\non_box = true\n", why: []string{`check.forever: wanted "/bin/sleep 1000" to end within 2s; it did not`}},
}

// panics is a service that brings the kernel down (Documentation/admin-guide/sysrq.rst).
const panics = `
[service.panics]
command    = ["/bin/bash", "-c", "echo c >/proc/sysrq-trigger; sleep 1000"]
needs      = ["update"]
unconfined = true
`

// watched has the machine's watchdog fed.
const watched = "[watchdog]\ntimeout = \"10s\"\n"

// crashes is a service that sends the worker a signal, once the box is up.
func crashes(signal string) string {
	return `
[service.crashes]
command = ["/bin/bash", "-c", "echo '<2>about to send ` + signal + `' >/dev/kmsg; for p in /proc/[0-9]*; do [[ $(tr -d '\\0' <$p/cmdline) == uinitworker* ]] && kill -` + signal + ` ${p#/proc/}; done; sleep 1000"]
needs   = ["update"]
unconfined = true
`
}

// A version that works is good, and one that does not is left again, whatever is wrong with it: the box ends on a good system, and says why.
func TestSlotsProve(t *testing.T) {
	t.Parallel()
	long(t) // twenty pairs of boots by way of firmware
	for _, f := range firmwares(t) {
		_, public := release(t)
		first := f.version(t, public, "1", "", nil)
		t.Run(f.name+"/good", func(t *testing.T) {
			second := f.version(t, public, "2", "", nil)
			disk := first.disk(t)
			place(t, disk, second.update(), 3)
			g := f.startDisk(t, first, disk, 2*limit, nil)
			itRuns(t, g, "2", slot.Good)
			if f.cert != nil { // it would start an initramfs that nobody verified
				reply, err := g.Request(t.Context(), report.Request{Command: []string{"uinitctl", "update", "restart", "--kexec"}, Timeout: limit.Seconds()})
				if err != nil || reply.Exit == nil || *reply.Exit == 0 || !strings.Contains(reply.Errors, "with Secure Boot the firmware verifies what starts") {
					t.Errorf("kexec: %+v, %v", reply, err)
				}
			}
			off(t, g)
			if r := recordOf(t, disk); r.Start != slot.B || r.Of(slot.A).State != slot.Good {
				t.Errorf("the record: %+v", r)
			}
		})
		for name, tt := range worse {
			if tt.watchdog && f.kind != qemu.BIOS {
				continue
			}
			t.Run(f.name+"/"+name, func(t *testing.T) {
				second := f.version(t, public, "2", tt.more, nil)
				f.isLeft(t, first, second, tt.why, tt.reset, tt.watchdog)
			})
		}
	}
}

// isLeft starts a version that does not work, and demands that the one before it runs after it and says why.
func (f firmware) isLeft(t *testing.T, first, second appliance, why []string, reset string, watchdog bool) {
	t.Helper()
	disk := first.disk(t)
	place(t, disk, second.update(), 1)
	g := f.startDisk(t, first, disk, 2*limit, func(c *qemu.Config) {
		if watchdog {
			c.Extra = append(c.Extra, "-device", "i6300esb", "-action", "watchdog=reset")
		}
	})
	if reset != "" {
		console, err := g.Console("ttyS0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := console.Expect(t.Context(), regexp.MustCompile(reset)); err != nil {
			t.Fatal(err)
		}
		if _, err := g.QMP(context.Background(), "system_reset", nil); err != nil {
			t.Fatal(err)
		}
	}
	s := itRuns(t, g, "1", slot.Good)
	got := since(&s)["update.failed"]
	if !slices.ContainsFunc(why, func(why string) bool { return got == "2 failed: "+why+"; back on 1" }) {
		t.Errorf("it says\n%v\nwant\n%v", got, why)
	}
	talk(t, g, [2]string{regexp.QuoteMeta("2 failed: ") + `[\s\S]*login: $`, ""})
	off(t, g)
	if r := recordOf(t, disk); r.Start != slot.A || r.Of(slot.A).State != slot.Good || r.Of(slot.B).State != slot.Bad || r.Failed == "" {
		t.Errorf("the record: %+v", r)
	}
}
