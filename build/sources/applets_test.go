package sources

import (
	"slices"
	"testing"
)

// Commands that are busybox's bring its package, and not beside another one of which the profile takes the program: apt installs one.
func TestBusyboxComesOnce(t *testing.T) {
	for text, want := range map[string][]string{
		"": {"busybox"},
		"[packages.busybox]\nfiles = [\"/usr/share/doc/busybox/copyright\"]\n": {"busybox"},
		"[packages.busybox-static]\nfiles = [\"/bin/busybox\"]\n":              {"busybox-static"},
	} {
		p := loaded(t, "[access]\nnobody = true\n[image]\ncommands = [\"sh\"]\n[kernel]\npackage = \"linux-image-amd64\"\n"+text)
		if got := packageNames(p); !slices.Equal(slices.DeleteFunc(got, func(n string) bool { return n == "linux-image-amd64" }), want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		if pkg := packages(p)[want[0]]; !slices.Contains(pkg.Files, appletFile) {
			t.Errorf("%s: nothing brings the program: %v", text, pkg)
		}
	}
}
