package link

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/link/plan"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// told hears of links and lets a test wait for facts.
type told struct {
	t    *testing.T
	mu   sync.Mutex
	is   map[string]any
	said []string // besides facts
	news chan struct{}
}

func newTold(t *testing.T) *told {
	return &told{t: t, is: map[string]any{}, news: make(chan struct{}, 1)}
}

func (f *told) Fact(is fact.Fact) {
	f.mu.Lock()
	f.is[is.Name()] = is.Value()
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}

func (f *told) say(format string, args ...any) {
	f.mu.Lock()
	f.said = append(f.said, fmt.Sprintf(format, args...))
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}

func (f *told) Addresses()                                { f.say("addresses") }
func (f *told) TimeServers(from string, servers []string) { f.say("%s: %v", from, servers) }
func (f *told) Missing(name, what string)                 { f.say("%s misses %q", name, what) }
func (f *told) Contested(name, what string)               { f.say("%s contested %q", name, what) }
func (f *told) Limited(name, what string)                 { f.say("%s limited %q", name, what) }
func (f *told) ByHand(names []string)                     { f.say("by hand: %v", names) }
func (f *told) Resolver()                                 { f.say("resolver") }
func (f *told) Warn(what string)                          { f.say("warned %q", what) }

// fact is what was told last; nil: nothing.
func (f *told) fact(name string) any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.is[name]
}

// heard says whether something was said besides facts.
func (f *told) heard(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.said, what)
}

// heardOf says whether something was said that begins so.
func (f *told) heardOf(begin string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.said, func(said string) bool { return strings.HasPrefix(said, begin) })
}

// forget forgets what was said besides facts.
func (f *told) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said = nil
}

// until waits for a fact to print as text.
func (f *told) until(name, text string) {
	f.t.Helper()
	f.when(name+" becomes "+text, func(now map[string]any) bool { return fmt.Sprint(now[name]) == text })
}

// when waits until something is so; it is looked at again whenever there are news.
func (f *told) when(what string, is func(facts map[string]any) bool) {
	f.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		f.mu.Lock()
		now := maps.Clone(f.is)
		f.mu.Unlock()
		if is(now) {
			return
		}
		select {
		case <-f.news:
		case <-limit:
			f.t.Fatalf("never comes: %s; facts: %v", what, now)
		}
	}
}

// A listener hears of changes, once each.
func TestNewsAreToldOnce(t *testing.T) {
	f := newTold(t)
	w := &work{Manager: &Manager{listener: f}, heard: map[string]heard{}}
	for _, tt := range []struct {
		now  heard
		want string
	}{
		{heard{missing: "lan is down"}, `lan misses "lan is down"`},
		{heard{missing: "lan is down"}, ""},
		{heard{addresses: []string{"192.0.2.1/24"}, ntp4: []string{"192.0.2.3"}}, `addresses, lan.dhcp4: [192.0.2.3], lan misses ""`},
		{heard{addresses: []string{"192.0.2.1/24"}, ntp4: []string{"192.0.2.3"}}, ""},
		{heard{addresses: []string{"192.0.2.2/24"}, ntp4: []string{}, ntp6: []string{"time.example"}}, "addresses, lan.dhcp4: [], lan.dhcp6: [time.example]"},
		{heard{addresses: []string{}}, "addresses, lan.dhcp6: []"},
	} {
		f.said = nil
		w.tellNews("lan", tt.now)
		if got := strings.Join(f.said, ", "); got != tt.want {
			t.Errorf("%+v: heard %s, want %s", tt.now, got, tt.want)
		}
	}
}

// What is missing is trouble of the unit that waited for the link, once that is done.
func TestNewsReachTheMachine(t *testing.T) {
	d := featuretest.Deps(t, spec.Machine{})
	var heard []string
	d.News.OnAddresses(func() { heard = append(heard, "addresses") })
	d.News.OnTimeServers(func(from string, servers []string) { heard = append(heard, fmt.Sprint(from, servers)) })
	l := passOn{d, &sync.Map{}}
	l.Addresses()
	l.TimeServers("lan.dhcp4", []string{"192.0.2.3"})
	if want := []string{"addresses", "lan.dhcp4[192.0.2.3]"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	state := func() string { return d.Facts.Units()[0].State + " " + d.Facts.Units()[0].Message }
	d.Outcomes.Note(unit.Outcome{Name: "online:lan", State: unit.OK})
	l.Missing("lan", "no carrier on lan")
	if got := state(); got != "failed no carrier on lan" {
		t.Errorf("without a cable the unit is %s", got)
	}
	l.Missing("lan", "")
	if got := state(); got != "ok " {
		t.Errorf("with the cable again the unit is %s", got)
	}
	// What degrades nothing is shown all the same, for as long as it is so.
	const contested = "192.0.2.5 of lan belongs to another machine as well, 52:54:00:aa:bb:cc"
	l.Contested("lan", contested)
	if got := d.Facts.Troubles(); !slices.Equal(got, []string{contested}) || state() != "ok " {
		t.Errorf("of a contested address is shown %q, and the unit is %s", got, state())
	}
	l.Contested("lan", "")
	if got := d.Facts.Troubles(); len(got) > 0 {
		t.Errorf("afterwards is shown %q", got)
	}
	// A link with less than its row states did its work, and a person should know.
	const limited = "an MTU of 9000 is not to be had: the device takes 68 to 1500, so it is 1500"
	links := newLinks(d, nil)
	d.Outcomes.Revisers = append(d.Outcomes.Revisers, links)
	l = passOn{d, &links.limited}
	l.Limited("lan", limited)
	l.Limited("wan", "")
	d.Outcomes.Note(unit.Outcome{Name: "link:lan", State: unit.OK})
	d.Outcomes.Note(unit.Outcome{Name: "link:wan", State: unit.OK})
	if got, want := d.Facts.Troubles(), []string{"link:lan degraded: " + limited}; !slices.Equal(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
	l.Limited("lan", "")
	l.Limited("wan", limited)
	if got, want := d.Facts.Troubles(), []string{"link:wan degraded: " + limited}; !slices.Equal(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
	l.Fact(plan.MAC.Of("lan").Is("52:54:00:12:34:56"))
	if got := featuretest.Fact(d, "link.lan.mac"); got != "52:54:00:12:34:56" {
		t.Errorf("the fact is %v", got)
	}
}
