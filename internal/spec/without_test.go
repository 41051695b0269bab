package spec

import (
	"slices"
	"testing"
)

func TestWithout(t *testing.T) {
	var m Machine
	if tags := m.Without(); !slices.Contains(tags, "nosyslogtls") || !slices.IsSorted(tags) {
		t.Errorf("an empty machine leaves out %v", tags)
	}
	m.Site, m.Log.CA = &Site{Allow: []SiteKey{SiteLogServer}}, "/etc/ca.pem"
	if tags := m.Without(); slices.Contains(tags, "nosyslogtls") || slices.Contains(tags, "nosite") {
		t.Errorf("a machine whose owner may name a server with TLS leaves out %v", tags)
	}
	m.Site.Allow = []SiteKey{SiteAddresses}
	if tags := m.Without(); slices.Contains(tags, "nodhcp6") {
		t.Errorf("a machine whose owner may ask for addresses leaves out %v", tags)
	}
	m = Machine{}
	m.Log.Remote = "tls://192.0.2.1:6514"
	if tags := m.Without(); slices.Contains(tags, "nosyslogtls") {
		t.Errorf("a machine that logs by TLS leaves out %v", tags)
	}
	m.Firewall = &Firewall{}
	if tags := m.Without(); slices.Contains(tags, "nofirewall") || !slices.Contains(tags, "nonflog") {
		t.Errorf("a firewall that logs no packets leaves out %v", tags)
	}
	for i, m := range []Machine{{Array: map[string]Array{"a": {}}}, {Mount: map[string]Mount{"/a": {Create: true}, "/b": {}}}, {Mount: map[string]Mount{"/b": {}}}} {
		if tags := m.Without(); slices.Contains(tags, "nodisk") != (i == 2) {
			t.Errorf("machine %d leaves out %v", i, tags)
		}
	}
}
