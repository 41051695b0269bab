package media

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
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

// The rescue entry is there only where it may let somebody in, and it alone is guarded.
func TestMenuEntries(t *testing.T) {
	const hash = "$6$salt$hash"
	for name, tt := range map[string]struct {
		machine spec.Machine
		rescue  bool
	}{
		"locked":                 {spec.Machine{}, false},
		"keys are no password":   {spec.Machine{User: map[string]spec.User{"root": {AuthorizedKeys: []string{"ssh-ed25519 …"}}}}, false},
		"somebody else's":        {spec.Machine{User: map[string]spec.User{"eve": {PasswordHash: spec.SecretHash{Value: hash}}}}, false},
		"a hash":                 {spec.Machine{User: map[string]spec.User{"root": {PasswordHash: spec.SecretHash{Value: hash}}}}, true},
		"the host's":             {spec.Machine{Access: spec.Access{HostPassword: true}}, true},
		"no password is needed":  {spec.Machine{Access: spec.Access{RescueWithoutPassword: true}}, true},
		"the owner's":            {spec.Machine{Site: &spec.Site{Allow: []spec.SiteKey{spec.SitePasswordHash}}}, true},
		"the owner's other ways": {spec.Machine{Site: &spec.Site{Allow: []spec.SiteKey{spec.SiteAuthorizedKeys}}}, false},
	} {
		tt.machine.Boot.PasswordHash = "grub"
		p := &profile.Profile{Name: "box", Machine: tt.machine}
		defaults.Fill(p)
		m := menu(&plan.Plan{Name: "box"}, p)
		want := []grub.Entry{{Title: "Start box", Hotkey: "s", Do: grub.Kernel{}, Unguarded: true}}
		if tt.rescue {
			want = append(want, grub.Entry{Title: "Rescue: a root shell, before anything is started", Hotkey: "r", Do: grub.Kernel{Cmdline: profile.RescueParam}})
		}
		want = append(want, grub.Entry{Title: "Leave this medium: start the machine's own disk", Hotkey: "l", Do: grub.NextDisk{}, Unguarded: true})
		if !slices.Equal(m.Entries, want) || m.PasswordHash != "grub" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// A menu with everything: each line does what its title says, and no two have the same key.
func TestMenuOfAll(t *testing.T) {
	p := &profile.Profile{Name: "box", Kernel: profile.Kernel{Cmdline: []string{"console=ttyS1,57600n8", "console=tty0", "quiet"}},
		Menu:    profile.Menu{Entries: []profile.MenuEntry{profile.MenuDisk, profile.MenuMemory, profile.MenuSerial, profile.MenuRescue}, Keymaps: []spec.Keymap{"de", "es", "cz"}},
		Machine: spec.Machine{Access: spec.Access{RescueWithoutPassword: true}}}
	defaults.Fill(p)
	m := menu(&plan.Plan{Name: "box", Cmdline: p.KernelLine()}, p)
	want := map[string]grub.Action{
		"s": grub.Kernel{Cmdline: "console=ttyS1,57600n8 console=tty0 quiet"},
		"r": grub.Kernel{Cmdline: "console=ttyS1,57600n8 console=tty0 quiet uinit.rescue"},
		"1": grub.Kernel{Cmdline: "console=tty0 quiet console=ttyS1,115200n8"},
		"9": grub.Kernel{Cmdline: "console=tty0 quiet console=ttyS1,9600n8"},
		// The first letter of the name that is free; e and c are GRUB's own.
		"d": grub.Kernel{Cmdline: "console=ttyS1,57600n8 console=tty0 quiet uinit.keymap=de"},
		"a": grub.Kernel{Cmdline: "console=ttyS1,57600n8 console=tty0 quiet uinit.keymap=es"},
		"z": grub.Kernel{Cmdline: "console=ttyS1,57600n8 console=tty0 quiet uinit.keymap=cz"},
		"m": grub.MemoryTest{Cmdline: "console=ttyS1,57600"},
		"l": grub.NextDisk{},
	}
	got := map[string]grub.Action{}
	for _, e := range m.Entries {
		got[e.Hotkey] = e.Do
	}
	if !maps.Equal(got, want) || len(m.Entries) != len(want) || m.Entries[0].Hotkey != "s" || m.Seconds != 1 {
		t.Errorf("%+v", m)
	}
}
