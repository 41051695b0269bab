package media

import (
	"fmt"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
)

func TestPackages(t *testing.T) {
	for f, want := range map[profile.Format]string{
		profile.FormatKernel: "[]", profile.FormatUKI: "[systemd-boot-efi]", profile.FormatNetboot: "[systemd-boot-efi]",
		profile.FormatDisk: "[grub-common grub-pc-bin grub-efi-amd64-bin systemd-boot-efi]", profile.FormatISO: "[grub-common grub-pc-bin grub-efi-amd64-bin systemd-boot-efi]",
	} {
		if got := fmt.Sprint(Packages(&profile.Profile{Formats: []profile.Format{f}})); got != want {
			t.Errorf("%s needs %s, want %s", f, got, want)
		}
	}
}

func TestPackagesForState(t *testing.T) {
	p := &profile.Profile{Formats: []profile.Format{profile.FormatISO}, Disk: profile.Disk{State: 8 << 20}}
	if got := Packages(p); got[0] == stateTools {
		t.Errorf("an ISO needs %v", got)
	}
	p.Formats = append(p.Formats, profile.FormatDisk)
	if got := Packages(p); got[0] != stateTools || len(got) != 5 {
		t.Errorf("a disk with state needs %v", got)
	}
}

// The memory test is there for menus that offer it, which are on disks and ISOs.
func TestPackagesForTheMemoryTest(t *testing.T) {
	for f, want := range map[profile.Format]bool{profile.FormatDisk: true, profile.FormatISO: true, profile.FormatUKI: false, profile.FormatKernel: false} {
		p := &profile.Profile{Formats: []profile.Format{f}, Menu: profile.Menu{Entries: []profile.MenuEntry{profile.MenuMemory}}}
		if got := Packages(p); slices.Contains(got, memtest) != want {
			t.Errorf("%s needs %v", f, got)
		}
	}
}
