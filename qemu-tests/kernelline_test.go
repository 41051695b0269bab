package qemu_tests

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/profiles"
)

// lastOf a profile's kernel line, to which longestLine adds.
const lastOf = `"cryptomgr.notests"]`

// longestLine gives a profile's text the longest kernel line that "imgbuild check" accepts. Its last word lets the host run
// commands in the guest, which it cannot where that word is cut off.
func longestLine(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "box.toml")
	filled := func(n int) string {
		return strings.Replace(text, lastOf, lastOf[:len(lastOf)-1]+`, "pad=`+strings.Repeat("x", n)+`", "`+report.ParamTest+`"]`, 1)
	}
	tooLong := func(n int) bool {
		if err := os.WriteFile(path, []byte("extends = \"headless\"\n"+filled(n)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, err := profile.Load(path, profile.Find(profiles.FS))
		if err != nil && !strings.Contains(err.Error(), "the end would be cut off without a word") {
			t.Fatal(err)
		}
		return err != nil
	}
	n := sort.Search(spec.MaxKernelLine, tooLong)
	if n == 0 || n == spec.MaxKernelLine {
		t.Fatalf("%d characters more is the limit", n)
	}
	return filled(n - 1)
}
