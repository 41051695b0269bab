package plan

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

func TestService(t *testing.T) {
	for want, m := range map[string]*spec.Metrics{
		"/bin/metrics -sockets 1": {Port: 9100},
		"/bin/metrics -sockets 2 -from 192.0.2.0/24 -from 2001:db8::/32": {Port: 9100,
			Listen: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
			From:   []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}},
	} {
		row := Services(&spec.Machine{Metrics: m})[Name]
		if got := strings.Join(row.Command, " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if len(row.Needs) != 1 || row.Needs[0] != Name || row.Memory == 0 || row.PIDs == 0 {
			t.Errorf("row %+v", row)
		}
	}
}

// A machine without the table has nothing of it.
func TestNothing(t *testing.T) {
	var d spec.Description
	if used(&d) || len(Units(&d))+len(Services(&d.Machine))+len(commands(&d.Machine))+len(listens(&d.Machine)) > 0 {
		t.Error("there is something")
	}
	d.Metrics = &spec.Metrics{Port: 1}
	if got := listens(&d.Machine); !used(&d) || len(got) != 1 || got[0].Port != 1 || graph.Plain(Units(&d))[0].Name != Name {
		t.Errorf("there is %+v", got)
	}
}
