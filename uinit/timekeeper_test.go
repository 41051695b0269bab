package main

import (
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
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
		k := newTimekeeper(spec.Time{Servers: names, DHCP: tt.dhcp}, time.Time{}, func(string, any) {}, slog.New(slog.DiscardHandler))
		k.link("link.wan.dhcp4.ntp", []string{"192.0.2.1", "192.0.2.2"})
		k.link("link.lan.dhcp4.ntp", []string{"192.0.2.3"})
		k.link("link.lan.dhcp6.ntp", []string{"2001:db8::123", "time.example.net"})
		k.link("link.lan.mac", "52:54:00:12:34:56")
		if got := k.servers(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("dhcp = %v: %v, want %v", tt.dhcp, got, tt.want)
		}
	}
	if names[0] != "time.example" || len(names) != 1 {
		t.Errorf("the profile's servers became %v", names)
	}
}

func TestWaitingForTheClock(t *testing.T) {
	facts := map[string]any{}
	k := newTimekeeper(spec.Time{Servers: []spec.TimeServer{"a"}}, time.Time{}, func(n string, v any) { facts[n] = v }, slog.New(slog.DiscardHandler))
	k.syncer = &clock.Syncer{}
	if got := k.waiting(); got != "answers of the time servers" {
		t.Errorf("at first it waits for %q", got)
	}
	k.report(clock.Status{State: clock.Unset, Decision: clock.Decision{
		Reason: "0 of 1 servers agree; 1 are needed", Rejected: []clock.Rejection{{Server: "a", Reason: "no answer within 4s"}},
	}})
	if got := k.waiting(); got != "0 of 1 servers agree; 1 are needed; a: no answer within 4s" || k.synced.Load() || facts["clock.state"] != "unset" {
		t.Errorf("then it waits for %q; facts %v", got, facts)
	}
	for _, state := range []clock.State{clock.Synchronized, clock.Synchronized, clock.Holdover, clock.Panicked, clock.Synchronized} {
		k.report(clock.Status{State: state})
		if want := state != clock.Panicked; k.synced.Load() != want {
			t.Errorf("%s: synchronized is %v", state, !want)
		}
	}
	<-k.majority
}
