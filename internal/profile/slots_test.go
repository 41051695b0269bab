package profile

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestSlots(t *testing.T) {
	p := &Profile{}
	p.Kernel.Cmdline = []string{"quiet"}
	p.Formats = []Format{FormatDisk}
	slots := func(want int, line string) {
		t.Helper()
		if p.Slots() != want || p.KernelLine() != line {
			t.Errorf("%d slots, %q; want %d, %q", p.Slots(), p.KernelLine(), want, line)
		}
	}
	slots(1, "quiet")
	room := len(p.starts()[1].after)
	p.Update = &spec.Update{}
	slots(2, "quiet panic=10")
	if got := len(p.starts()[1].after) - room; got != len(" "+slot.Param+"=a") {
		t.Errorf("%d characters are kept for the slot's word", got)
	}
	p.Kernel.Cmdline = []string{"panic=-1"}
	slots(2, "panic=-1")
	p.Disk.Slots = 1
	slots(1, "panic=-1")
}

func TestSlotSizeInVain(t *testing.T) {
	_, err := loadText(t, "[disk]\nslot_size = \"64M\"\nslots = 1\n"+bootable)
	if err == nil || !strings.HasPrefix(err.Error(), "p.toml:2:13: disk.slot_size: ") {
		t.Errorf("got %v", err)
	}
}
