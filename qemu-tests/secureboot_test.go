package qemu_tests

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
)

// Firmware that trusts one certificate starts nothing that its key did not sign. What it did sign it starts in
// TestSecureBootTakesNothingFromOutside.
func TestSecureBoot(t *testing.T) {
	t.Parallel()
	needed.File(t, qemu.OVMFSecureCode)
	_, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	a := extended(t, onMedia, map[string]string{}).from(way{firmware: qemu.UEFI, medium: profile.FormatDisk})
	a.options.SecureBoot = cert
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	console, err := start(t, vm.Config).Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`BdsDxe: failed to load .*: Access Denied`)); err != nil {
		t.Fatal(err)
	}
	if started := regexp.MustCompile(`Linux version`).FindString(console.Text()); started != "" {
		t.Error("the unsigned kernel was started all the same")
	}
}

// verify asks another program about the signature.
func verify(t *testing.T, cert *x509.Certificate, program string) {
	t.Helper()
	sbverify := needed.Program(t, "sbverify")
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, uki.EncodeCertificate(cert), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(sbverify, "--cert", file, program).CombinedOutput(); err != nil {
		t.Errorf("sbverify %s: %v\n%s", program, err, out)
	}
}
