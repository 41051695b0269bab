package qemu_tests

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/flash"
	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// One box over four boots. At first its disk is just as large as the image, no log server is
// there; then the disk is larger, the log server is back and the clock in the year 2000.
// Then the partition table is torn, as by a loss of power. At last another partition lies behind. The last two are for the full run.
func TestState(t *testing.T) {
	t.Parallel()
	servers := timeServers(t, 0, 0, 0)
	logs := newLogServer(t, nil)
	logs.leave()
	box := extended(t, fmt.Sprintf(`
formats = ["kernel", "disk"]
[kernel]
package = "linux-image-cloud-amd64"
[image]
overlays = ["headless", "files"]
[disk]
state = "64M"
[mount."/state"]
source = "PARTLABEL=state"
type   = "ext4"
[time]
servers = ["%s"]
state   = "/state"
[entropy]
state = "/state"
[ssh]
state = "/state/ssh"
[user.root]
authorized_keys = [%q]
[log]
remote = "tcp://%s"
spool  = "/state/log"
[service.ticks]
command = ["/usr/bin/ticks"]
`, strings.Join(servers, `", "`), publicKey(t), logs.guestAddress()), map[string]string{
		"files/usr/bin/ticks": "#!/bin/bash\nexec 9<> <(:)\nfor ((i = 0; ; i++)); do echo tick $i; read -rt 1 -u 9; done\n",
	})
	file := filepath.Join(t.TempDir(), "disk")
	source := build.Medium(box.profile, filepath.Dir(box.kernel), profile.FormatDisk)
	small := diskBytes(t, source)
	flashOnto(t, source, file, small)

	g := box.bootsFrom(t, file)
	until(t, g, "the first boot", func(s *report.State) bool {
		return isBooted(s) && s.Facts["time.state"].Value == "synchronized" && s.Facts["ssh.host_key"].Value != nil && s.Units["grow"].State == "ok"
	})
	const readSeed = "read m seed </state/random-seed; echo $seed"
	inside(t, g, "echo kept >/state/file; sync")
	seed := comes(t, g, readSeed, func(seed string) bool { return seed != "" })
	off(t, g)
	first := facts(g)
	wantFacts(t, first, map[string]any{"state.growth": "fills the disk already", "state.size_bytes": 64.0 * (1 << 20), "entropy.seed": "none yet"})
	inOrder(t, file)

	// As dd leaves it on a larger disk: the table's backup is in the middle.
	const large = 300 << 20
	if err := os.Truncate(file, large); err != nil {
		t.Fatal(err)
	}
	logs.come()
	box.options.Extra = []string{"-rtc", "base=2000-01-01T00:00:00"}
	g = box.bootsFrom(t, file)
	until(t, g, "the second boot", func(s *report.State) bool {
		return s.Units["grow"].State == "ok" && s.Facts["ssh.host_key"].Value != nil && s.Facts["entropy.seed"].Value != nil
	})
	if again := inside(t, g, readSeed); seed == "" || again == "" || again == seed {
		t.Errorf("the seed was %q at first and is %q now", seed, again)
	}
	logs.waitLine(g, ` uinit .*going down: poweroff`) // the first boot's last words
	grown := float64(partitionOf(t, file, layout.StateName).Bytes())
	for line, want := range map[string]string{
		"read l </state/file; echo $l": "kept",
		// More fits now than the partition had: the file system grew with it.
		"dd if=/dev/zero of=/state/big bs=1M count=150 2>/dev/null && rm /state/big && echo yes": "yes",
		// What is in the log already, and then two more.
		"n=$(uinitctl log ticks | wc -l); uinitctl log -f ticks | { for ((i = 0; i < n + 2; i++)); do read -r l; done; [[ $l == *tick* ]] && echo yes; }": "yes",
	} {
		if got := inside(t, g, line); got != want {
			t.Errorf("%s prints %q, want %q", line, got, want)
		}
	}
	off(t, g)
	wantFacts(t, facts(g), map[string]any{"state.size_bytes": grown, "state.growth": fmt.Sprintf("from %d to %.0f bytes", 64<<20, grown),
		"entropy.seed": "credited", "ssh.host_key": first["ssh.host_key"], "time.from": "saved"})
	if p := partitionOf(t, file, layout.StateName); p.Offset()+p.Bytes() < large-2<<20 {
		t.Errorf("the partition ends at byte %d of a disk of %d", p.Offset()+p.Bytes(), large)
	}
	inOrder(t, file)

	if !full() {
		return // TestPowerFails in uinit/grow loses each write in turn, and what follows is a row of a table there
	}
	// The sector with the entries is lost, as where power failed between the writes.
	tear(t, file)
	box.options.Extra = nil
	g = box.bootsFrom(t, file)
	until(t, g, "the third boot", func(s *report.State) bool { return s.Units["grow"].State == "ok" })
	if got := inside(t, g, "read l </state/file; echo $l"); got != "kept" {
		t.Errorf("after the table was torn: %q", got)
	}
	off(t, g)
	inOrder(t, file)

	flashOnto(t, source, file, large)
	if out, err := exec.Command("sgdisk", "-n", "0:-8M:+4M", "-c", "0:foreign", file).CombinedOutput(); err != nil {
		t.Fatalf("sgdisk: %v\n%s", err, out)
	}
	g = box.bootsFrom(t, file)
	until(t, g, "the fourth boot", func(s *report.State) bool { return s.Units["grow"].State == "skipped" && isBooted(s) })
	off(t, g)
	wantFacts(t, facts(g), map[string]any{"state.size_bytes": 64.0 * (1 << 20), "boot.state": "ok",
		"state.growth": "growing the partition of /state: left as it is: partition 4 lies behind partition 3"})
	inOrder(t, file)
}

// bootsFrom boots the appliance with a disk, on which what it writes stays.
func (a appliance) bootsFrom(t *testing.T, disk string) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "state", Path: disk})
	return start(t, vm.Config)
}

func wantFacts(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("fact %s is %v, want %v", name, got[name], value)
		}
	}
}

// flashOnto writes an image as "imgbuild flash" does, onto a file of so many bytes.
func flashOnto(t *testing.T, source, file string, size int64) {
	t.Helper()
	m, err := image.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, size)); err != nil {
		t.Fatal(err)
	}
	d, err := flash.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	plan, err := flash.Make(m.Content, size)
	if err == nil {
		err = errors.Join(plan.Unmoved, flash.Write(t.Context(), d, plan, file, progress.Discard), flash.Verify(t.Context(), d, plan, file, progress.Discard))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// inOrder asks others whether partition table and file system of a disk are in order.
func inOrder(t *testing.T, file string) {
	t.Helper()
	out, err := exec.Command("sgdisk", "-v", file).CombinedOutput()
	if text := string(out); err != nil || !strings.Contains(text, "No problems found") || strings.Contains(text, "Warning") || strings.Contains(text, "Caution") {
		t.Errorf("sgdisk: %v\n%s", err, out)
	}
	p := partitionOf(t, file, layout.StateName)
	if out, err := exec.Command("e2fsck", "-fn", fmt.Sprintf("%s?offset=%d", file, p.Offset())).CombinedOutput(); err != nil {
		t.Errorf("e2fsck: %v\n%s", err, out)
	}
}

// partitionOf finds a partition of a disk's image by its name.
func partitionOf(t *testing.T, file, name string) layout.Partition {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := gptedit.ReadEither(f, diskBytes(t, file)/layout.Sector)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range table.Partitions() {
		if table.Name(p.Number) == name {
			id, err := hex.DecodeString(strings.ReplaceAll(p.GUID, "-", ""))
			if err != nil {
				t.Fatal(err)
			}
			return layout.Partition{Name: name, GUID: layout.GUID(id), Start: p.First, Size: p.Last - p.First + 1}
		}
	}
	t.Fatalf("%s has no partition %s", file, name)
	return layout.Partition{}
}

// tear loses the first sector of the table's entries.
func tear(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, layout.Sector), 2*layout.Sector)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// publicKey is one that nobody has the other half of.
func publicKey(t *testing.T) string {
	t.Helper()
	public, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
}

// diskBytes is a file's size in bytes.
func diskBytes(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
