package notices

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
)

// The same files give the same bytes, in whatever order they are found.
func TestArchive(t *testing.T) {
	files := []File{{"b/LICENSE", []byte("be")}, {"a/LICENSE", []byte("see /usr/share/common-licenses/GPL-2.")},
		{"a/COPYING", []byte("/usr/share/common-licenses/GPL, `/usr/share/common-licenses/GPL-2' and /usr/share/common-licenses/None")}}
	files = append(files, Common(files)...)
	at := time.Unix(1000, 0)
	first, err := Archive(files, at)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	second, err := Archive(files, at)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("two archives of the same files differ (%v)", err)
	}
	got := sbomtest.Archived(t, first)
	want := []string{"a/COPYING", "a/LICENSE", "b/LICENSE", "common-licenses/GPL-2", "common-licenses/GPL-3"}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) || got["b/LICENSE"] != "be" {
		t.Errorf("%v, want %v", names, want)
	}
	if text := got["common-licenses/GPL-2"]; !bytes.Contains([]byte(text), []byte("Version 2, June 1991")) {
		t.Errorf("GPL-2 is %.100q", text)
	}
}
