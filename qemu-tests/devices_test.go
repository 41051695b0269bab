package qemu_tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/qemu"
)

// QEMU takes every device that a Config can name, in both kinds of firmware, and a
// disk can be taken out of a running guest. Nothing boots.
func TestDevices(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 1<<20); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := qemu.Config{
		Memory: 64 << 20, Serials: 4, Report: true, Control: true, CDROM: file("a,b.iso"),
		NICs:  []qemu.NIC{{}, {Model: "e1000e"}, {Model: "virtio-net-pci,speed=1000,duplex=full", Backend: "user,restrict=on"}},
		FWCfg: map[string]string{"opt/org.imgbuild/root-hash": "$6$a,b$c"},
		Disks: []qemu.Disk{
			{Path: file("0")}, {Path: file("1"), ReadOnly: true}, {Path: file("2"), Bus: qemu.AHCI}, {Path: file("3"), Bus: qemu.AHCI},
			{Path: file("4"), Bus: qemu.NVMe}, {Path: file("5"), Bus: qemu.USB, Snapshot: true},
			{Path: file("6"), Bus: qemu.SCSI}, {ID: "victim", Path: file("7"), Bus: qemu.SCSI},
		},
		// The processor does not run: only the machine is looked at.
		Extra: []string{"-S"},
	}
	for _, firmware := range []string{qemu.BIOS, qemu.UEFI} {
		t.Run(firmware, func(t *testing.T) {
			if firmware == qemu.UEFI {
				needed.File(t, qemu.OVMFCode)
			}
			config.Firmware = firmware
			g := start(t, config)
			if got, want := disks(t, g), []string{"cdrom", "disk0", "disk1", "disk2", "disk3", "disk4", "disk5", "disk6", "victim"}; !slices.Equal(got, want) {
				t.Errorf("disks %q, want %q", got, want)
			}
			if _, err := g.QMP(t.Context(), "device_del", map[string]string{"id": "victim"}); err != nil {
				t.Fatal(err)
			}
			deleted, err := g.Monitor().WaitEvent(t.Context(), "DEVICE_DELETED", func(data json.RawMessage) bool {
				var e struct{ Device string }
				return json.Unmarshal(data, &e) == nil && e.Device == "victim"
			})
			if err != nil {
				t.Fatalf("%+v, %v", deleted, err)
			}
			if got := disks(t, g); slices.Contains(got, "victim") {
				t.Errorf("disks after taking one out: %q", got)
			}
			if exit := g.Kill(); exit.Killed != qemu.ErrKilled || exit.Status != 137 {
				t.Errorf("ended with %+v", exit)
			}
		})
	}
}

// disks lists the disks by the names they were given.
func disks(t *testing.T, g *qemu.Guest) (names []string) {
	t.Helper()
	value, err := g.QMP(t.Context(), "query-block", nil)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []struct{ Device string }
	if err := json.Unmarshal(value, &blocks); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if name, ok := strings.CutPrefix(b.Device, "drive-"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
