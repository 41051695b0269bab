package link

import (
	"maps"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func index(i int) *int { return &i }

func TestAssign(t *testing.T) {
	// In the order in which drivers happened to come up, not that of the bus.
	nics := []NIC{
		{Index: 2, Name: "eth0", Bus: "0000:05:00.0", Driver: "igb", MAC: "52:54:00:00:00:05"},
		{Index: 3, Name: "eth1", Bus: "0000:03:00.0", Driver: "virtio_net", MAC: "52:54:00:00:00:03"},
		{Index: 4, Name: "eth2", Bus: "0000:0a:00.0", Driver: "virtio_net", MAC: "52:54:00:00:00:0a"},
		{Index: 5, Name: "eth3", Bus: "usb-0000:00:14.0-10", Driver: "cdc_ether", MAC: "52:54:00:00:00:10"},
		{Index: 6, Name: "eth4", Bus: "usb-0000:00:14.0-2", Driver: "cdc_ether", MAC: "52:54:00:00:00:02"},
		{Index: 7, Name: "br0", Driver: "bridge", MAC: "52:54:00:00:00:03", Virtual: true},
	}
	type rows = map[string]spec.Ethernet
	row := func(m spec.Match) spec.Ethernet { return spec.Ethernet{Match: m} }
	tests := map[string]struct {
		rows rows
		want map[string]int
	}{
		"empty match takes the first of the bus":    {rows{"lan": {}}, map[string]int{"lan": 3}},
		"and the next row the next":                 {rows{"a": {}, "b": {}, "c": {}}, map[string]int{"a": 3, "b": 2, "c": 4}},
		"short bus addresses before long ones":      {rows{"u": row(spec.Match{Driver: []string{"cdc_ether"}})}, map[string]int{"u": 6}},
		"driver, any of several":                    {rows{"x": row(spec.Match{Driver: []string{"e1000e", "igb"}})}, map[string]int{"x": 2}},
		"path":                                      {rows{"x": row(spec.Match{Path: "0000:0a:00.0"})}, map[string]int{"x": 4}},
		"hardware address, not the bridge's":        {rows{"x": row(spec.Match{MAC: "52:54:00:00:00:03"})}, map[string]int{"x": 3}},
		"every key must hold":                       {rows{"x": row(spec.Match{MAC: "52:54:00:00:00:03", Driver: []string{"igb"}})}, map[string]int{}},
		"virtual only by its driver":                {rows{"x": row(spec.Match{Driver: []string{"bridge"}})}, map[string]int{"x": 7}},
		"index counts those that match":             {rows{"x": row(spec.Match{Driver: []string{"virtio_net"}, Index: index(1)})}, map[string]int{"x": 4}},
		"index counts taken ones too":               {rows{"a": row(spec.Match{Index: index(0)}), "b": row(spec.Match{Index: index(1)})}, map[string]int{"a": 3, "b": 2}},
		"index of one that is taken gets nothing":   {rows{"a": {}, "b": row(spec.Match{Index: index(0)})}, map[string]int{"a": 3}},
		"index past the end gets nothing":           {rows{"a": row(spec.Match{Index: index(9)})}, map[string]int{}},
		"nothing matches, the others are not moved": {rows{"a": row(spec.Match{Driver: []string{"none"}}), "b": {}}, map[string]int{"b": 3}},
	}
	for name, tt := range tests {
		if got := assign(tt.rows, nics, nil); !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// A port that comes late must not take the name of one that is in use, wherever it stands on the bus.
func TestAssignKeeps(t *testing.T) {
	rows := map[string]spec.Ethernet{"lan": {}, "wan": {}}
	late := NIC{Index: 9, Bus: "0000:01:00.0"}
	first := NIC{Index: 2, Bus: "0000:05:00.0"}
	before := assign(rows, []NIC{first}, nil)
	if got := assign(rows, []NIC{late, first}, before); got["lan"] != 2 || got["wan"] != 9 {
		t.Errorf("%v, want lan to keep 2 and wan to get 9", got)
	}
	if got := assign(rows, []NIC{late}, before); got["lan"] != 9 {
		t.Errorf("%v, want lan to get 9 when 2 is gone", got)
	}
}

// Until a row is asked for, which is when the drivers have found what there is, it keeps no interface: that of the first
// port on the bus may be the last one to come.
func TestFirstPortComesLast(t *testing.T) {
	zero, one := 0, 1
	rows := map[string]spec.Ethernet{"lan": {Match: spec.Match{Index: &zero}}, "wan": {Match: spec.Match{Index: &one}}}
	w := &work{Manager: &Manager{ethernet: rows}, active: map[string]*active{}}
	first, second := NIC{Index: 9, Bus: "0000:01:00.0"}, NIC{Index: 2, Bus: "0000:05:00.0"}
	for _, there := range [][]NIC{{second}, {second, first}} {
		w.state.NICs = there
		w.assign()
	}
	if w.assigned["lan"] != 9 || w.assigned["wan"] != 2 {
		t.Errorf("%v, want lan to be 9 and wan 2", w.assigned)
	}
	w.active["lan"] = &active{}
	w.state.NICs = []NIC{second, first, {Index: 10, Bus: "0000:00:00.0"}}
	if w.assign(); w.assigned["lan"] != 9 {
		t.Errorf("%v, want lan to stay 9", w.assigned)
	}
}
