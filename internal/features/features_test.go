package features

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestWithout(t *testing.T) {
	var m spec.Machine
	if tags := Without(&spec.Description{Machine: m}); !slices.Contains(tags, "nosyslogtls") || !slices.IsSorted(tags) {
		t.Errorf("an empty machine leaves out %v", tags)
	}
	m.Site, m.Log.CA = &spec.Site{Allow: []spec.SiteKey{spec.SiteLogServer}}, "/etc/ca.pem"
	if tags := Without(&spec.Description{Machine: m}); slices.Contains(tags, "nosyslogtls") || slices.Contains(tags, "nosite") {
		t.Errorf("a machine whose owner may name a server with TLS leaves out %v", tags)
	}
	m.Site.Allow = []spec.SiteKey{spec.SiteAddresses}
	if tags := Without(&spec.Description{Machine: m}); slices.Contains(tags, "nodhcp6") {
		t.Errorf("a machine whose owner may ask for addresses leaves out %v", tags)
	}
	m = spec.Machine{}
	m.Log.Remote = "tls://192.0.2.1:6514"
	if tags := Without(&spec.Description{Machine: m}); slices.Contains(tags, "nosyslogtls") {
		t.Errorf("a machine that logs by TLS leaves out %v", tags)
	}
	m.Firewall = &spec.Firewall{}
	if tags := Without(&spec.Description{Machine: m}); slices.Contains(tags, "nofirewall") || !slices.Contains(tags, "nonflog") {
		t.Errorf("a firewall that logs no packets leaves out %v", tags)
	}
	for i, m := range []spec.Machine{{Array: map[string]spec.Array{"a": {}}}, {Mount: map[string]spec.Mount{"/a": {Create: true}, "/b": {}}}, {Container: map[string]spec.Container{"a": {Root: spec.ContainerRoot{Path: "lvm:a/b"}}}}, {Mount: map[string]spec.Mount{"/b": {}}}} {
		if tags := Without(&spec.Description{Machine: m}); slices.Contains(tags, "nodisk") != (i == 3) {
			t.Errorf("machine %d leaves out %v", i, tags)
		}
	}
}
