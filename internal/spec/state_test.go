package spec

import (
	"slices"
	"testing"
)

func TestFillState(t *testing.T) {
	states := func(m *Machine) []string {
		ssh := ""
		if m.SSH != nil {
			ssh = m.SSH.State
		}
		return []string{m.Time.State, m.Entropy.State, ssh, m.Share.State, m.Log.Spool}
	}
	served := func(path string) *Machine {
		return &Machine{State: State{path}, SSH: &SSH{}, Share: Share{NFS: map[string]NFSShare{"a": {}}}, Log: Log{Remote: "udp://192.0.2.1:514"}}
	}
	told := served("/srv/state")
	told.Time.State, told.Log.Spool = "/var/time", "/var/spool"
	for _, tt := range []struct {
		m    *Machine
		want []string
	}{
		{served(""), []string{"", "", "", "", ""}},
		{served("/srv/state"), []string{"/srv/state/time", "/srv/state/entropy", "/srv/state/ssh", "/srv/state/share", "/srv/state/log"}},
		{told, []string{"/var/time", "/srv/state/entropy", "/srv/state/ssh", "/srv/state/share", "/var/spool"}},
		{&Machine{State: State{"/srv"}}, []string{"/srv/time", "/srv/entropy", "", "", ""}}, // who is not there keeps nothing
		{&Machine{State: State{"/srv"}, Site: &Site{Allow: []SiteKey{SiteLogServer}}}, []string{"/srv/time", "/srv/entropy", "", "", "/srv/log"}},
	} {
		tt.m.FillState()
		if got := states(tt.m); !slices.Equal(got, tt.want) {
			t.Errorf("below %q: got %q, want %q", tt.m.State.Path, got, tt.want)
		}
		tt.m.FillState()
		if got := states(tt.m); !slices.Equal(got, tt.want) {
			t.Errorf("below %q, a second time: got %q", tt.m.State.Path, got)
		}
	}
}
