package plan

import (
	"reflect"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
)

// What drivers may ask for is looked up where the kernel looks for it, packed or not; a few name patterns.
func TestLackingFirmware(t *testing.T) {
	driver := func(name string, files ...string) kmod.Pick {
		return kmod.Pick{Module: &kmod.Module{Name: name, Firmware: files}}
	}
	p := &Plan{
		Modules: []kmod.Pick{
			driver("bnx2", "bnx2/rv2p-06.fw", "bnx2/rv2p-09.fw", "bnx2/rv2p-06.fw"), driver("tg3", "tigon/tg3.bin"), driver("ixgbe"),
			driver("packed", "a.bin", "b.bin"), driver("pattern", "brcm/*.bin"), driver("other", "rv2p-06.fw"),
		},
		Files: []tree.File{
			{Path: "usr/lib/firmware/bnx2/rv2p-06.fw"}, {Path: "usr/lib/firmware/a.bin.xz"}, {Path: "usr/lib/firmware/b.bin.zst"},
			{Path: "usr/lib/firmware/brcm/brcmfmac.bin"}, {Path: "usr/share/tigon/tg3.bin"},
		},
	}
	want := []Lacking{{Module: "bnx2", Files: []string{"bnx2/rv2p-09.fw"}}, {Module: "tg3", Files: []string{"tigon/tg3.bin"}}, {Module: "other", Files: []string{"rv2p-06.fw"}}}
	if got := p.LackingFirmware(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if note := p.FirmwareNote(); !strings.HasPrefix(note, "3 firmware files that drivers may ask for are not in the image: bnx2 (1), tg3 (1), other (1); ") {
		t.Errorf("the note is %q", note)
	}
	if text := p.String(); !strings.Contains(text, "\n  tg3                      tigon/tg3.bin\n") {
		t.Errorf("the plan is\n%s", text)
	}
	p.Firmware = map[string]string{"bnx2/rv2p-09.fw": "firmware-bnx2", "tigon/tg3.bin": "firmware-misc-nonfree", "bnx2/rv2p-06.fw": "another"}
	if text := p.String(); !strings.Contains(text, "non-free-firmware (firmware-bnx2, firmware-misc-nonfree), or") || !strings.Contains(text, "\n  tg3                      tigon/tg3.bin  # firmware-misc-nonfree\n") {
		t.Errorf("with packages the plan is\n%s", text)
	}
	if p.WithoutFirmware = true; p.LackingFirmware() != nil || p.FirmwareNote() != "" || strings.Contains(p.String(), "tigon") {
		t.Error("nobody wants to hear of it")
	}
}
