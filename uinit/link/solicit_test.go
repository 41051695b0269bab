package link

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Routers are asked for exactly when a cable comes back.
func TestRoam(t *testing.T) {
	yes, no := true, false
	asks := spec.Link{Addressing: spec.Addressing{DHCP4: true}}
	up, plugged := NIC{Index: 2, Up: true}, NIC{Index: 2, Up: true, Carrier: true}
	for name, tt := range map[string]struct {
		cfg   spec.Link
		seen  []NIC
		asked int
	}{
		"the first carrier is the kernel's":  {asks, []NIC{{Index: 2}, up, plugged, plugged}, 0},
		"pulled and back":                    {asks, []NIC{plugged, up, up, plugged, plugged}, 1},
		"twice":                              {spec.Link{Addressing: spec.Addressing{RA: &yes}}, []NIC{plugged, up, plugged, up, plugged}, 2},
		"down meanwhile, the kernel asks":    {asks, []NIC{plugged, up, {Index: 2}, up, plugged}, 0},
		"gone and back":                      {asks, []NIC{plugged, {}, up, plugged}, 0},
		"advertisements are ignored":         {spec.Link{Addressing: spec.Addressing{RA: &no}}, []NIC{plugged, up, plugged}, 0},
		"a port has no addresses":            {spec.Link{Master: "bond0"}, []NIC{plugged, up, plugged}, 0},
		"it carries frames for others alone": {spec.Link{Addressing: spec.Addressing{NoAddress: true}}, []NIC{plugged, up, plugged}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				m := &Manager{ctx: t.Context(), rows: map[string]row{"lan": {Link: tt.cfg}},
					solicit: func(context.Context, int, string) error { asked++; return nil }}
				w, a := &work{Manager: m}, &active{nic: 2}
				for _, n := range tt.seen {
					w.state.NICs = []NIC{n}
					w.roam("lan", a)
					synctest.Wait()
				}
				if asked != tt.asked {
					t.Errorf("asked %d times, want %d", asked, tt.asked)
				}
			})
		})
	}
}
