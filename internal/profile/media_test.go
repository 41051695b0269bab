package profile

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/features"
)

func loadText(t *testing.T, text string) (*Profile, error) {
	t.Helper()
	p, _, err := Load("p.toml", func(string, *File) (File, error) {
		return File{Name: "p.toml", Dir: "/p", Text: []byte(text)}, nil
	})
	return p, err
}

const bootable = "[access]\nnobody = true\n[kernel]\npackage = \"linux-image-amd64\"\n"

func TestMediaProblems(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"formats = []\n" + bootable, `p.toml:1:11: formats: is empty; accepted: one or more of kernel, uki, disk, iso, netboot, update`},
		{"formats = [\"iso\", \"uki\", \"iso\"]\n" + bootable, `p.toml:1:26: formats[2]: iso is there already`},
		{"formats = [\"iso2\"]\n" + bootable, `p.toml:1:12: formats[0]: "iso2" is not a format; accepted: kernel, uki, disk, iso, netboot, update; did you mean iso?`},
		{"[disk]\nformat = \"qcow\"\n" + bootable, `p.toml:2:10: disk.format: "qcow" is not a disk format; accepted: raw, qcow2, vhd, vmdk; did you mean qcow2?`},
		{"[disk]\nstate = \"1M\"\n" + bootable, `p.toml:2:9: disk.state: 1M is too small; accepted: 8M or more, or 0 for no such partition`},
		{"[disk]\nspare = \"2G\"\n" + bootable, `p.toml:2:9: disk.spare: 2G is too large; accepted: up to 1G`},
		{"[disk]\nslots = 3\n" + bootable, `p.toml:2:9: disk.slots: is 3; accepted: 1 or 2`},
		{"[disk]\nslots = 2\n" + bootable, `p.toml:2:9: disk.slots: is 2, and nobody would ever write the second without a table [update]; accepted: 1, or such a table`},
		{"formats = [\"update\"]\n" + bootable, `p.toml:1:11: formats: has update, and no box of this profile takes any; accepted: a table [update], or no such format`},
		{"[secureboot]\nkey = \"k\"\n" + bootable, `p.toml:2:7: secureboot.key: stands without secureboot.cert; accepted: both or none`},
		{"[secureboot]\ncert = \"k\"\n" + bootable, `p.toml:2:8: secureboot.cert: stands without secureboot.key; accepted: both or none`},
		{"[secureboot]\nkey = \"k\"\ncert = \"c\"\n" + bootable + "cmdline = []\n", `p.toml:8:11: kernel.cmdline: is empty, and a signed program without a kernel line takes the firmware's`},
		{"[secureboot]\nkey = \"k\"\ncert = \"c\"\n" + bootable, `p.toml:6:1: kernel.cmdline: is empty, and a signed program`},
		{"[secureboot]\nkey = \"k\"\ncert = \"c\"\n" + bootable + "cmdline = [\"\"]\n", `p.toml:8:12: kernel.cmdline[0]: "" is not one word of a kernel line`},
		{"[secureboot]\nkey = \"k\"\ncert = \"c\"\n" + bootable + "cmdline = [\" \\t\"]\n", `p.toml:8:12: kernel.cmdline[0]: " \t" is not one word of a kernel line`},
		{"formats = [\"disk\"]\n" + bootable + "cmdline = [\"quiet\", \"a='b'\"]\n", `p.toml:6:21: kernel.cmdline[1]: "a='b'" cannot be handed to a kernel by GRUB`},
		{"[menu]\nentries = [\"resque\"]\n" + bootable, `p.toml:2:12: menu.entries[0]: "resque" is not an entry of the boot menu; accepted: start, rescue, serial, memory, disk; did you mean rescue?`},
		{"[menu]\nentries = [\"disk\", \"disk\"]\n" + bootable, `p.toml:2:20: menu.entries[1]: disk is there already`},
		{"keymap = \"../de\"\n" + bootable, `p.toml:1:10: keymap: "../de" is no keyboard map's name; accepted: a name such as de, fr or de-latin1-nodeadkeys`},
		{bootable + "cmdline = [\"uinit.keymap=fr\"]\n", `p.toml:5:12: kernel.cmdline[0]: the image has no keyboard map "fr"; accepted: keymap = "fr"`},
		{"[menu]\nwait = \"10ms\"\n" + bootable, `p.toml:2:8: menu.wait: `},
		{"formats = [\"disk\"]\n[menu]\nentries = [\"serial\"]\n" + bootable, `p.toml:3:11: menu.entries: "serial" starts with a serial console on ttyS0, where nobody can log in; accepted: a table [console.ttyS0], or no "serial"`},
	} {
		_, err := loadText(t, tc.text)
		var problems Problems
		if !errors.As(err, &problems) || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

func TestSetFormats(t *testing.T) {
	p, err := loadText(t, bootable+"cmdline = [\"a='b'\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetFormats([]Format{FormatUKI, FormatNetboot, FormatUKI}); err != nil || len(p.Formats) != 2 || p.Writes(FormatKernel) || !p.Writes(FormatISO, FormatUKI) {
		t.Errorf("%v: %v", p.Formats, err)
	}
	if err := p.SetFormats([]Format{FormatISO}); err == nil || !strings.Contains(err.Error(), "p.toml:5:12: kernel.cmdline[0]") {
		t.Errorf("got %v", err)
	}
}

func TestDiskSuffix(t *testing.T) {
	for f, want := range map[DiskFormat]string{"": ".img", DiskRaw: ".img", DiskQCOW2: ".qcow2", DiskVHD: ".vhd", DiskVMDK: ".vmdk"} {
		if got := f.Suffix(); got != want {
			t.Errorf("%q ends in %s, want %s", f, got, want)
		}
	}
}

func TestGrowing(t *testing.T) {
	const mounted = "[mount.\"/state\"]\nsource = \"PARTLABEL=state\"\ntype = \"ext4\"\n"
	for _, tc := range []struct{ text, want string }{
		{bootable, ""},
		{bootable + mounted, ""},
		{"[disk]\nstate = \"64M\"\n" + bootable, ""},
		{"[disk]\nstate = \"64M\"\nstate_grow = false\n" + bootable + mounted, ""},
		{"[disk]\nstate = \"64M\"\n" + bootable + mounted, "/state"},
	} {
		p, err := loadText(t, tc.text)
		if err != nil {
			t.Fatal(err)
		}
		tags := features.Without(p.Description())
		if got := p.Growing(); got != tc.want || slices.Contains(tags, "nogrow") != (got == "") || !slices.IsSorted(tags) {
			t.Errorf("%s\ngrows %q, leaves out %v; want %q", tc.text, got, tags, tc.want)
		}
	}
}
