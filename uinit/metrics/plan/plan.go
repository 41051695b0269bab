// Package plan says what metrics need. It is pure, and the builder's as well.
package plan

import (
	"strconv"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{
	Name: "metrics", Tag: "nometrics", Used: used, Units: Units, Services: Services, Commands: commands, Listens: listens,
}

// Name is that of the command, of its service, and of the unit that opens its sockets.
const Name = "metrics"

// Told are the facts that metrics are made of, a * for the row's name: what strangers may know. Those who make them declare them; that
// they do is tested with the list of features.
var Told = []string{"boot.state", "link.*.carrier", "array.*.device", "array.*.state", "array.*.action", "array.*.active", "array.*.failed", "array.*.spare"}

func used(d *spec.Description) bool { return d.Metrics != nil }

// Units open the sockets. The program itself is a service.
func Units(d *spec.Description) []graph.Unit {
	if d.Metrics == nil {
		return nil
	}
	u := unit.Unit{Name: Name, Needs: []string{"mounts"}}
	for _, a := range d.Metrics.Listen {
		if a.Zone() != "" { // its socket is one of the interface
			u.After = append(u.After, "link:"+a.Zone())
		}
	}
	return []graph.Unit{{Unit: u}}
}

// Services are the program.
func Services(m *spec.Machine) map[string]spec.Service {
	if m.Metrics == nil {
		return nil
	}
	args := []string{"-sockets", strconv.Itoa(max(len(m.Metrics.Listen), 1))}
	for _, network := range m.Metrics.From {
		args = append(args, "-from", network.String())
	}
	row := graph.Beside(Name, args...)
	row.Needs = []string{Name}
	return map[string]spec.Service{Name: row}
}

func commands(m *spec.Machine) []string {
	if m.Metrics == nil {
		return nil
	}
	return []string{Name}
}

func listens(m *spec.Machine) []graph.Listener {
	if m.Metrics == nil {
		return nil
	}
	return []graph.Listener{{Key: "metrics.port", Server: "the server of metrics", Port: m.Metrics.Port, Addresses: m.Metrics.Listen, Listen: "metrics.listen"}}
}
