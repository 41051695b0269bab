package oci

import (
	"archive/tar"
	"fmt"
	"testing"

	"github.com/imgbuild/imgbuild/build/licence"
)

func TestInstalled(t *testing.T) {
	const status = "Package: b\nStatus: install ok installed\nDescription: x\n Package: no\n\nPackage: gone\nStatus: deinstall ok config-files\n\n" +
		"Status: hold ok installed\nPackage: a\n\nPackage: half\nStatus: install ok half-installed\n\nPackage: ../../etc\nStatus: install ok installed\n\nPackage: ..\nStatus: install ok installed\n\nPackage: b\nStatus: install ok installed\n"
	if got := fmt.Sprint(installed(status)); got != "[a b]" {
		t.Errorf("installed are %s", got)
	}
}

// An image is under what its Debian packages are under, of which one may point to another's file; without any, under what its label says.
func TestLicence(t *testing.T) {
	dep5 := func(licence string) string {
		return "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2020 Ann\nLicense: " + licence + "\n"
	}
	installed := func(names ...string) (status string) {
		for _, n := range names {
			status += "Package: " + n + "\nStatus: install ok installed\n\n"
		}
		return status
	}
	for name, c := range map[string]struct {
		members    []tar.Header
		label      string
		want, says string
	}{
		"packages": {[]tar.Header{text("var/lib/dpkg/status", installed("a", "b", "c")), text("usr/share/doc/a/copyright", dep5("Expat")), link(tar.TypeSymlink, "usr/share/doc/b", "a"),
			text("usr/share/doc/other/copyright", dep5("Zlib"))}, "GPL-2.0-only", "MIT", ""},
		"a label":         {[]tar.Header{text("var/lib/dpkg/status", installed("a"))}, "Apache-2.0 OR MIT", "Apache-2.0 OR MIT", ""},
		"nothing said":    {nil, "", licence.None, ""},
		"a huge paper":    {[]tar.Header{text("var/lib/dpkg/status", installed("a")), text("usr/share/doc/a/copyright", string(make([]byte, 1<<20+1)))}, "", "", "the licence of a: usr/share/doc/a/copyright of the image is no file of up to 1048576 bytes"},
		"this machine's":  {[]tar.Header{text("var/lib/dpkg/status", installed("bash")), link(tar.TypeSymlink, "usr/share/doc", "../../../../../usr/share/doc")}, "MIT", "", "links of the image lead in a circle"},
		"a file of links": {[]tar.Header{link(tar.TypeSymlink, "var/lib/dpkg", "/proc/self/cwd")}, "MIT", "MIT", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := build(t, [][]byte{archived(t, c.members...)}, func(m *made, step string) {
				m.config.Config.Labels = map[string]string{"org.opencontainers.image.licenses": c.label}
			}).layout(t)
			packed, err := packer(t).Pack(t.Context(), []Want{want(t, "x", dir, true)})
			if err != nil {
				t.Fatal(err)
			}
			n, err := packed[0].Licence()
			if c.says != "" {
				says(t, err, c.says)
			} else if err != nil || n.Licence != c.want {
				t.Errorf("%+v, %v; want %s", n, err, c.want)
			}
		})
	}
}
