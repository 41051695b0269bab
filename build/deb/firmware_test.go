package deb

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// Which package has which file of firmware comes with the lists of packages, though the sources name another component, and is not
// believed when it is not what came; asking for it asks no mirror.
func TestFirmware(t *testing.T) {
	r := newRepo(t)
	r.add("tool", "1", "")
	r.publish()
	packages, err := os.ReadFile(filepath.Join(r.dir, "Packages"))
	if err != nil {
		t.Fatal(err)
	}
	release := "Suite: s\nCodename: s\nArchitectures: amd64\nComponents: main non-free-firmware\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n"
	for name, text := range map[string]string{
		"main/binary-amd64/Packages": string(packages),
		"non-free-firmware/Contents-amd64": "etc/default/pi     non-free-firmware/misc/raspi\nlib/firmware/a/name with spaces.bin   non-free-firmware/kernel/firmware-a\n" +
			"usr/lib/firmware/b.fw non-free-firmware/kernel/firmware-b,non-free-firmware/kernel/firmware-c\nlib/firmware/b.fw non-free-firmware/kernel/firmware-late\nrubbish\n",
	} {
		release += fmt.Sprintf(" %x %d %s\n", sha256.Sum256([]byte(text)), len(text), name)
		put(t, filepath.Join(r.dir, "dists/s", name), text)
	}
	put(t, filepath.Join(r.dir, "dists/s/Release"), release)
	put(t, filepath.Join(r.etc, "sources.list"), "deb [trusted=yes] file:"+r.dir+" s main\n")

	h := r.host(nil)
	if got, err := h.Firmware(t.Context()); got != nil || err != nil || len(h.did()) > 0 {
		t.Errorf("before there are lists: %v, %v", got, err)
	}
	mustResolve(t, h, "tool")
	h.did()
	want := map[string]string{"a/name with spaces.bin": "firmware-a", "b.fw": "firmware-b"}
	if got, err := h.Firmware(t.Context()); !maps.Equal(got, want) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	dir, err := h.cache.State("apt")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "state/lists/x_non-free-firmware_Contents-all"), "lib/firmware/c evil\n")
	if got, err := h.Firmware(t.Context()); got != nil || err != nil {
		t.Errorf("with a list that nobody fetched: %v, %v", got, err)
	}
	if did := h.did(); len(did) > 0 {
		t.Errorf("it ran %q", did)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
