package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
)

// facts are those of uinit, by name. All that this program knows of their names stands here.
type facts map[string]any

// rows are the rows of a table that have a fact of this name, sorted.
func (f facts) rows(table, fact string) []string {
	var rows []string
	for name := range f {
		if rest, ok := strings.CutPrefix(name, table+"."); ok {
			if row, ok := strings.CutSuffix(rest, "."+fact); ok {
				rows = append(rows, row)
			}
		}
	}
	slices.Sort(rows)
	return rows
}

func (f facts) text(name string) string {
	s, _ := f[name].(string)
	return s
}

// ofInit are the series of what uinit knows.
func ofInit(events []report.Event) []family {
	f := facts{}
	units := family{name: "imgbuild_unit_state", help: "Units of the boot, each with the state that it is in."}
	for _, e := range events {
		switch e.Kind {
		case report.KindFact:
			f[e.Name] = e.Value
		case report.KindUnit, report.KindLate:
			units.series = append(units.series, series{[]label{{"unit", e.Name}, {"state", cmp.Or(e.State, string(e.Kind))}}, 1})
		}
	}
	families := []family{units}
	if state := f.text("boot.state"); state != "" {
		families = append(families, gauge("imgbuild_boot_ok", "Whether every unit of the boot is well, 0 or 1; absent until all have an outcome.", truth(state == "ok")))
	}
	return append(append(families, f.links()), f.arrays()...)
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// links are the interfaces of the profile.
func (f facts) links() family {
	carrier := family{name: "node_network_carrier", help: "Network device property: carrier"}
	for _, name := range f.rows("link", "carrier") {
		has, _ := f["link."+name+".carrier"].(bool)
		carrier.series = append(carrier.series, series{[]label{{"device", name}}, truth(has)})
	}
	return carrier
}

// actions are node_exporter's words for what goes on in an array, each with the kernel's (Documentation/admin-guide/md.rst,
// sync_action).
var actions = []struct{ state, action string }{
	{"active", "idle"}, {"check", "check"}, {"inactive", ""}, {"recovering", "recover"}, {"resync", "resync"},
}

// arrays are those of the profile that run.
func (f facts) arrays() []family {
	disks := family{name: "node_md_disks", help: "Number of active/failed/spare disks of device."}
	states := family{name: "node_md_state", help: "Indicates the state of md-device."}
	for _, name := range f.rows("array", "active") {
		fact := func(key string) string { return f.text("array." + name + "." + key) }
		device := strings.TrimPrefix(fact("device"), "/dev/")
		for _, state := range []string{"active", "failed", "spare"} {
			n, _ := f["array."+name+"."+state].(float64)
			disks.series = append(disks.series, series{[]label{{"device", device}, {"state", state}}, n})
		}
		now := fact("action")
		if fact("state") == "failed" {
			now = ""
		}
		for _, a := range actions {
			states.series = append(states.series, series{[]label{{"device", device}, {"state", a.state}}, truth(a.action == now)})
		}
	}
	return []family{disks, states}
}
