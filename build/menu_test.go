package build

import (
	"fmt"
	"testing"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/plan"
)

func TestMenuSerial(t *testing.T) {
	for _, tc := range []struct {
		cmdline string
		want    *grub.Serial
	}{
		{"console=tty0 quiet", nil},
		{"console=tty0 console=ttyS0,115200n8", &grub.Serial{Unit: 0, Baud: 115200}},
		{"console=ttyS0,115200 console=ttyS1", &grub.Serial{Unit: 1, Baud: 9600}},
		{"console=ttyS1,57600 console=ttyS9,115200 console=hvc0", &grub.Serial{Unit: 1, Baud: 57600}},
		{"console=ttySx console=ttyS-1", nil},
	} {
		if got := menuSerial(tc.cmdline); fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%s: %v, want %v", tc.cmdline, got, tc.want)
		}
	}
}

func TestMenuEntries(t *testing.T) {
	m := menu(&plan.Plan{Name: "box"})
	if len(m.Entries) != 2 || m.Entries[0].Cmdline != "" || m.Entries[1].Cmdline != rescueParam || m.Entries[1].Hotkey != "r" {
		t.Errorf("%+v", m)
	}
}
