package link

import (
	"slices"

	"github.com/imgbuild/imgbuild/internal/fact"
)

// Listener hears what becomes of interfaces. Its methods are called by one goroutine, and must not wait.
type Listener interface {
	// Fact is what is known, for people; it may be known already.
	Fact(fact.Fact)
	// Addresses says that those of some interface have changed: it may be worth asking others anew.
	Addresses()
	// TimeServers are those that a lease names; from says which lease that is.
	TimeServers(from string, servers []string)
	// Resolver says that resolv.conf is another.
	Resolver()
	// Missing is what keeps a link from being online; "" for nothing.
	Missing(name, what string)
	// Contested says which of a link's addresses another machine has as well, in use all the same; "" for none.
	Contested(name, what string)
	// Limited says why a link has not the MTU that its row states; "" that it has.
	Limited(name, what string)
	// ByHand are the interfaces that are left to a person from now on.
	ByHand(names []string)
	// Warn is something that a person should know, once.
	Warn(what string)
}

// heard is what a listener has heard of a link besides facts.
type heard struct {
	addresses, ntp4, ntp6 []string
	missing, contested    string
	limited               string
}

// news is what a listener is to hear.
func (v view) news() heard {
	h := heard{addresses: v.usable(), ntp4: v.timeServers4(), missing: v.missing(), contested: v.contested()}
	if v.mtu.limited {
		h.limited = v.mtu.told
	}
	if v.lease6 != nil {
		h.ntp6 = v.lease6.NTP
	}
	return h
}

// tellNews tells the listener what is new about a link.
func (w *work) tellNews(name string, now heard) {
	before := w.heard[name]
	if w.byHand[name] { // what it lacks is somebody's wish
		now.missing, now.contested, now.limited = before.missing, before.contested, before.limited
	}
	w.heard[name] = now
	if !slices.Equal(now.addresses, before.addresses) {
		w.listener.Addresses()
	}
	if !slices.Equal(now.ntp4, before.ntp4) {
		w.listener.TimeServers(name+".dhcp4", now.ntp4)
	}
	if !slices.Equal(now.ntp6, before.ntp6) {
		w.listener.TimeServers(name+".dhcp6", now.ntp6)
	}
	if now.missing != before.missing {
		w.listener.Missing(name, now.missing)
	}
	if now.contested != before.contested {
		w.listener.Contested(name, now.contested)
	}
	if now.limited != before.limited {
		w.listener.Limited(name, now.limited)
	}
}
