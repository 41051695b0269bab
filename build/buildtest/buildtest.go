// Package buildtest makes profiles for tests of whatever builds images.
package buildtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// World is a directory with a kernel of its own and a profile box.toml that uses it: no
// build there needs a network. text follows the first five lines of the profile.
func World(t *testing.T, text string) (dir string, p *profile.Profile) {
	t.Helper()
	dir = t.TempDir()
	writeKernel(t, filepath.Join(dir, "bzImage"))
	file := filepath.Join(dir, "box.toml")
	Write(t, file, "[kernel]\npath = \"bzImage\"\ncmdline = [\"console=ttyS0,115200\"]\n[console.ttyS0]\nlogin = \"autologin\"\n"+text)
	p, _, err := profile.Load(file, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

// Write writes a file, and makes the directories that it lies in.
func Write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeKernel makes the head of a bzImage: enough to be told from other files.
func writeKernel(t *testing.T, file string) {
	t.Helper()
	b := make([]byte, 1<<20)
	copy(b[0x202:], "HdrS")
	b[0x20e], b[0x20f] = 0x00, 0x10
	copy(b[0x1200:], "6.1.0-test (somebody) #1\x00")
	Write(t, file, string(b))
}
