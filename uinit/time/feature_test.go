package time

import (
	"reflect"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/time/clock"
)

func TestTimeServersByDHCP(t *testing.T) {
	names := []spec.TimeServer{"time.example"}
	for _, tt := range []struct {
		dhcp bool
		want []spec.TimeServer
	}{
		{true, []spec.TimeServer{"time.example", "192.0.2.3", "2001:db8::123", "time.example.net", "192.0.2.1", "192.0.2.2"}},
		{false, names},
	} {
		k := newTimekeeper(featuretest.Deps(t, spec.Machine{Time: spec.Time{Servers: names, DHCP: tt.dhcp}}))
		k.learn("wan.dhcp4", []string{"192.0.2.1", "192.0.2.2"})
		k.learn("lan.dhcp4", []string{"192.0.2.3"})
		k.learn("lan.dhcp6", []string{"2001:db8::123", "time.example.net"})
		if got := k.servers(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("dhcp = %v: %v, want %v", tt.dhcp, got, tt.want)
		}
	}
	if names[0] != "time.example" || len(names) != 1 {
		t.Errorf("the profile's servers became %v", names)
	}
}

// What leases say reaches the feature by the machine's news.
func TestTimeServersAreNews(t *testing.T) {
	d := featuretest.Deps(t, spec.Machine{Time: spec.Time{DHCP: true}})
	k := Linked.New(d).(*timeFeature)
	d.News.TimeServers("lan.dhcp4", []string{"192.0.2.3"})
	if got, want := k.servers(), []spec.TimeServer{"192.0.2.3"}; !reflect.DeepEqual(got, want) {
		t.Errorf("asks %v, want %v", got, want)
	}
	d.News.TimeServers("lan.dhcp4", nil)
	if got := k.servers(); len(got) != 0 {
		t.Errorf("asks %v after the lease", got)
	}
}

// What the servers say is told when most of them agree.
func TestClockFacts(t *testing.T) {
	k := newTimekeeper(featuretest.Deps(t, spec.Machine{}))
	k.report(clock.Status{State: clock.Synchronized, Decision: clock.Decision{Offset: time.Hour, Stratum: 2, Chosen: []string{"a", "b"}}})
	k.report(clock.Status{State: clock.Holdover})
	for name, want := range map[string]any{
		"time.state": "holdover", "time.offset_seconds": 3600.0, "time.stratum": 2, "time.chosen": []string{"a", "b"}, "time.rejected": []string{},
	} {
		if got := featuretest.Fact(k.Deps, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", name, got, want)
		}
	}
}

func TestWaitingForTheClock(t *testing.T) {
	k := newTimekeeper(featuretest.Deps(t, spec.Machine{Time: spec.Time{Servers: []spec.TimeServer{"a"}}}))
	k.syncer = &clock.Syncer{}
	if got := k.waiting(); got != "answers of the time servers" {
		t.Errorf("at first it waits for %q", got)
	}
	k.report(clock.Status{State: clock.Unset, Decision: clock.Decision{
		Reason: "0 of 1 servers agree; 1 are needed", Rejected: []clock.Rejection{{Server: "a", Reason: "no answer within 4s"}},
	}})
	if got := k.waiting(); got != "0 of 1 servers agree; 1 are needed; a: no answer within 4s" || k.News.ClockSynced.Load() || featuretest.Fact(k.Deps, "time.state") != "unset" {
		t.Errorf("then it waits for %q", got)
	}
	for _, state := range []clock.State{clock.Synchronized, clock.Synchronized, clock.Holdover, clock.Panicked, clock.Synchronized} {
		k.report(clock.Status{State: state})
		if want := state != clock.Panicked; k.News.ClockSynced.Load() != want {
			t.Errorf("%s: synchronized is %v", state, !want)
		}
	}
	<-k.majority
}
