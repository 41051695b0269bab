package boot

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestMediaThatCannotStart(t *testing.T) {
	cert := &x509.Certificate{}
	none := 0
	for want, o := range map[string]Options{
		"nothing can be appended":    {Medium: Medium{Format: profile.FormatISO}, Append: []string{"quiet"}},
		"a BIOS cannot start a UEFI": {Medium: Medium{Format: profile.FormatUKI}, Firmware: qemu.BIOS},
		"a BIOS has no Secure Boot":  {Medium: Medium{Format: profile.FormatDisk}, Firmware: qemu.BIOS, SecureBoot: cert},
		"proves nothing":             {SecureBoot: cert},
		"iPXE in QEMU is not signed": {Medium: Medium{Format: profile.FormatNetboot}, SecureBoot: cert},
		"a bus goes with":            {Medium: Medium{Format: profile.FormatUKI, Bus: qemu.USB}},
		"run.nics is 0":              {Medium: Medium{Format: profile.FormatNetboot}, Run: profile.Run{NICs: &none}},
	} {
		o.Accel = qemu.AccelTCG
		if _, err := Prepare(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
}

func TestMedia(t *testing.T) {
	prepare := func(m Medium) qemu.Config {
		made, err := Prepare(t.Context(), Options{Kernel: "k", Initrd: "i", Cmdline: strings.Repeat("x", spec.MaxKernelLine), Test: true, Accel: qemu.AccelTCG, Medium: m})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(made.Close)
		if c := made.Config; c.Kernel+c.Initrd+c.Append != "" {
			t.Errorf("%s: the machine starts a kernel itself: %+v", m.Format, c)
		}
		return made.Config
	}
	c := prepare(Medium{Format: profile.FormatDisk, Path: "/o/box.vhd", Stored: profile.DiskVHD, Bus: qemu.NVMe})
	if d := c.Disks[0]; d.Path != "/o/box.vhd" || d.Format != "vpc" || d.Bus != qemu.NVMe || !d.Boot || !d.Snapshot {
		t.Errorf("disk %+v", d)
	}
	if c = prepare(Medium{Format: profile.FormatISO, Path: "/o/box.iso"}); c.CDROM != "/o/box.iso" || len(c.Disks) != 0 {
		t.Errorf("CD %+v", c)
	}
	if c = prepare(Medium{Format: profile.FormatISO, Path: "/o/box.iso", Bus: qemu.USB}); c.CDROM != "" || c.Disks[0].Bus != qemu.USB {
		t.Errorf("stick %+v", c)
	}
	if c = prepare(Medium{Format: profile.FormatNetboot, Path: "/a,b/box.ipxe"}); !c.NICs[0].Boot || c.NICs[0].Backend != "user,tftp=/a,,b,bootfile=box.ipxe" {
		t.Errorf("network %+v", c.NICs)
	}
}

func TestTrustNeedsOVMF(t *testing.T) {
	m := &Machine{}
	err := m.trust(Options{Dir: t.TempDir()}, &x509.Certificate{Raw: make([]byte, 100)})
	var missing *qemu.MissingError
	if err != nil && !errors.As(err, &missing) {
		t.Fatal(err)
	}
	if err == nil && (!m.Config.SecureBoot || m.Config.Firmware != qemu.UEFI || m.Config.FirmwareVars == "") {
		t.Errorf("config %+v", m.Config)
	}
}

// With Keep a machine writes to a copy of the disk, which the next run finds as it was left; the artifact stays as it is.
func TestKeptMedium(t *testing.T) {
	dir := t.TempDir()
	image := filepath.Join(dir, "box.img")
	if err := os.WriteFile(image, bytes.Repeat([]byte("1"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func() qemu.Config {
		t.Helper()
		made, err := Prepare(t.Context(), Options{Accel: qemu.AccelTCG, Dir: filepath.Join(dir, "kept"), Keep: true, Medium: Medium{Format: profile.FormatDisk, Path: image}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(made.Close)
		return made.Config
	}
	c := run()
	d := c.Disks[0]
	if d.Snapshot || d.Path == image || !d.Boot || !c.Reboot {
		t.Fatalf("restarts: %v; disk %+v", c.Reboot, d)
	}
	if got, err := os.ReadFile(d.Path); err != nil || !bytes.Equal(got, bytes.Repeat([]byte("1"), 4096)) {
		t.Fatalf("the copy: %v", err)
	}
	learnt := bytes.Repeat([]byte("2"), 4096)
	if err := os.WriteFile(d.Path, learnt, 0o600); err != nil {
		t.Fatal(err)
	}
	if again := run().Disks[0].Path; again != d.Path {
		t.Errorf("the next run has %s, the one before %s", again, d.Path)
	}
	if got, err := os.ReadFile(d.Path); err != nil || !bytes.Equal(got, learnt) {
		t.Errorf("the next run has the disk anew: %v", err)
	}
}
