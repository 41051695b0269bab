package media

import (
	"fmt"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/plan"
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
		m := menu(&plan.Plan{Name: "box"}, &profile.Profile{Machine: tt.machine})
		want := []grub.Entry{{Title: "box", Hotkey: "n", Unguarded: true}}
		if tt.rescue {
			want = append(want, grub.Entry{Title: "box (rescue shell)", Hotkey: "r", Cmdline: profile.RescueParam})
		}
		if !slices.Equal(m.Entries, want) || m.PasswordHash != "grub" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
