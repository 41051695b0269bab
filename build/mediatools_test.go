package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/internal/profile"
)

func TestToolsFor(t *testing.T) {
	for f, want := range map[profile.Format]string{
		profile.FormatKernel: "[]", profile.FormatUKI: "[systemd-boot-efi]", profile.FormatNetboot: "[systemd-boot-efi]",
		profile.FormatDisk: "[grub-common grub-pc-bin systemd-boot-efi]", profile.FormatISO: "[grub-common grub-pc-bin systemd-boot-efi]",
	} {
		if got := fmt.Sprint(toolsFor(&profile.Profile{Formats: []profile.Format{f}}, false)); got != want {
			t.Errorf("%s needs %s, want %s", f, got, want)
		}
	}
}

// A build without media forgets nothing that the lock pins for them, and a locked build
// takes nothing that it does not pin.
func TestToolsAndTheLock(t *testing.T) {
	e := env(t, shared)
	pinned := &lock.Lock{Tools: []string{stubPackage}, Tool: []lock.Package{{Name: stubPackage, Version: "252"}}}
	p := &profile.Profile{Formats: []profile.Format{profile.FormatKernel}}
	tools, now, err := e.tools(context.Background(), p, false, pinned, Options{Locked: true})
	if err != nil || tools != nil || len(pinned.Diff(now)) != 0 {
		t.Errorf("%v, %v, %v", tools, pinned.Diff(now), err)
	}
	p.Formats = []profile.Format{profile.FormatISO}
	_, _, err = e.tools(context.Background(), p, false, pinned, Options{Locked: true, LockFile: "box.lock"})
	if err == nil || !strings.Contains(err.Error(), "box.lock pins no grub-common, grub-pc-bin, systemd-boot-efi") {
		t.Errorf("got %v", err)
	}
	if pinned.HasTools([]string{grubTools}) || !pinned.HasTools([]string{stubPackage}) || (*lock.Lock)(nil).HasTools(nil) {
		t.Error("HasTools does not tell what is pinned")
	}
}

func TestLayOutPicks(t *testing.T) {
	store, root := t.TempDir(), t.TempDir()
	loader := filepath.Join(store, "loader")
	if err := os.WriteFile(loader, []byte("loader"), 0o755); err != nil {
		t.Fatal(err)
	}
	picks := []deb.Pick{
		{Path: "usr/lib/x86_64-linux-gnu", Entry: deb.Entry{Mode: fs.ModeDir | 0o755}},
		{Path: "usr/lib/x86_64-linux-gnu/ld.so.2", Host: loader, Entry: deb.Entry{Mode: 0o755, Size: 6, SHA256: hashText("loader")}},
		{Path: "usr/lib64/ld.so.2", Entry: deb.Entry{Mode: fs.ModeSymlink, Link: "/lib/x86_64-linux-gnu/ld.so.2"}},
		{Path: "usr/lib64/ld.so", Entry: deb.Entry{Mode: fs.ModeSymlink, Link: "ld.so.2"}},
	}
	if err := env(t, shared).layOutPicks(root, picks); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"lib64/ld.so", "lib64/ld.so.2", "lib/x86_64-linux-gnu/ld.so.2"} {
		if text, err := os.ReadFile(filepath.Join(root, at)); string(text) != "loader" {
			t.Errorf("%s leads to %q: %v", at, text, err)
		}
	}
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
