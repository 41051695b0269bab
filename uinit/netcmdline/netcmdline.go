// Package netcmdline reads what the kernel line says of the network, as dracut.cmdline(7) defines it: ip=,
// nameserver=, vlan=, bond=, bridge=, ifname=, BOOTIF= and rd.route=. It overrides the image, which
// is what people edit a boot menu's line for.
package netcmdline

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// Problem is a word of the line that could not be followed; the others are.
type Problem struct {
	// Word as it stands on the line.
	Word string
	// Why not.
	Why string
}

func (p Problem) String() string { return p.Word + ": " + p.Why }

// Override returns the machine as the line wants it, and what the line wants in vain. An interface whose addresses the line
// states has those and no others; one that the line names first and the machine doesn't know is added. The machine
// given stays as it is.
func Override(m spec.Machine, line cmdline.Line) (spec.Machine, []Problem) {
	o := &overrider{m: m, set: map[string]bool{}, macs: map[string]spec.MAC{}, kernelNames: kernelNames(line)}
	o.m.Ethernet, o.m.Bond, o.m.VLAN = clone(m.Ethernet), clone(m.Bond), clone(m.VLAN)
	o.m.Bridge, o.m.Dummy, o.m.Route = clone(m.Bridge), clone(m.Dummy), clone(m.Route)
	// In this order, so that names are known before they are used, wherever they stand on the line.
	for _, step := range []struct {
		names []string
		do    func(value string) error
	}{
		{[]string{"ifname"}, o.ifname}, {[]string{"BOOTIF"}, o.bootif}, {[]string{"bond"}, o.bond}, {[]string{"vlan"}, o.vlan}, {[]string{"bridge"}, o.bridge},
		{[]string{"team"}, func(string) error { return fmt.Errorf("teams are not supported; accepted: bond=") }},
		{[]string{"ip"}, o.ip}, {[]string{"rd.route"}, o.route}, {[]string{"nameserver"}, o.nameserver},
	} {
		for _, p := range line {
			if !slices.Contains(step.names, p.Name) {
				continue
			}
			if err := step.do(p.Value); err != nil {
				o.problems = append(o.problems, Problem{Word: p.Name + "=" + p.Value, Why: err.Error()})
			}
		}
	}
	o.resolve()
	return o.m, o.problems
}

// clone never gives nil, so that rows can be added.
func clone[V any](rows map[string]V) map[string]V {
	out := map[string]V{}
	maps.Copy(out, rows)
	return out
}

type overrider struct {
	m spec.Machine
	// set are the interfaces whose addresses the line states.
	set map[string]bool
	// macs are the hardware addresses that ifname= gives names to.
	macs map[string]spec.MAC
	// boot is the interface that the firmware booted from, if the line says so.
	boot        string
	kernelNames bool
	servers     []netip.Addr
	problems    []Problem
}

// ifname=NAME:MAC
func (o *overrider) ifname(value string) error {
	name, text, _ := strings.Cut(value, ":")
	var mac spec.MAC
	if err := mac.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	if err := goodName(name); err != nil {
		return err
	}
	o.macs[name] = mac
	cfg := o.m.Ethernet[name]
	cfg.Match = spec.Match{MAC: mac}
	o.m.Ethernet[name] = cfg
	return nil
}

// BOOTIF=01-52-54-00-12-34-56: the interface that the firmware booted from, as pxelinux and iPXE tell.
func (o *overrider) bootif(value string) error {
	text := value
	if strings.Count(value, "-")+strings.Count(value, ":") == 6 {
		text = value[3:] // the hardware type
	}
	var mac spec.MAC
	if err := mac.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(o.m.Ethernet))
	for _, name := range names {
		if o.m.Ethernet[name].Match.MAC == mac {
			o.boot = name
			return nil
		}
	}
	switch len(names) {
	case 0:
		o.boot = "bootif"
		o.m.Ethernet[o.boot] = spec.Ethernet{Match: spec.Match{MAC: mac}, Addressing: spec.Addressing{DHCP4: true}}
	case 1: // of the interfaces that would do it is this one
		o.boot = names[0]
		change(o.m.Ethernet, o.boot, func(r *spec.Ethernet) { r.Match = spec.Match{MAC: mac} })
	}
	// With several rows it is not known which of them will get it, and firmware adds this word unasked.
	return nil
}

// nameserver=ADDRESS
func (o *overrider) nameserver(value string) error {
	a, err := netip.ParseAddr(strings.Trim(value, "[]"))
	if err != nil {
		return fmt.Errorf("%q is not an address", value)
	}
	o.servers = append(o.servers, a)
	return nil
}

// resolve puts the line's name servers where those of the image were.
func (o *overrider) resolve() {
	if o.servers == nil {
		return
	}
	names := slices.Sorted(maps.Keys(o.m.Links()))
	if len(names) == 0 {
		o.problems = append(o.problems, Problem{Word: "nameserver=" + o.servers[0].String(), Why: "there is no interface to reach it by"})
		return
	}
	for i, name := range names {
		o.edit(name, func(a *spec.Addressing) {
			a.DNS = nil
			if i == 0 {
				a.DNS = o.servers
			}
		})
	}
}

// rd.route=NETWORK/LENGTH:GATEWAY[:INTERFACE]
func (o *overrider) route(value string) error {
	fields := split(value)
	if len(fields) < 2 || len(fields) > 3 {
		return fmt.Errorf("accepted: rd.route=NETWORK/LENGTH:GATEWAY[:INTERFACE]")
	}
	network, err := parsePrefix(fields[0], "")
	if err != nil {
		return err
	}
	via, err := netip.ParseAddr(fields[1])
	if err != nil {
		return fmt.Errorf("%q is not a router's address", fields[1])
	}
	name := ""
	if len(fields) == 3 {
		name = fields[2]
	} else if name = o.reaches(via); name == "" {
		return fmt.Errorf("no interface is in the network of %v; accepted: rd.route=NETWORK/LENGTH:GATEWAY:INTERFACE", via)
	}
	if err := o.ensure(name); err != nil {
		return err
	}
	o.addRoute(spec.Route{Destination: network.Masked(), Link: name, Via: via, Metric: 50})
	return nil
}

// addRoute adds a route that is not there yet: the line may be read again over a machine that it has changed.
func (o *overrider) addRoute(r spec.Route) {
	for _, there := range o.m.Route {
		if there == r {
			return
		}
	}
	for n := 1; ; n++ {
		key := fmt.Sprintf("line%d", n)
		if _, taken := o.m.Route[key]; !taken {
			o.m.Route[key] = r
			return
		}
	}
}

// reaches is an interface with an address in the network of another one.
func (o *overrider) reaches(a netip.Addr) string {
	links := o.m.Links()
	for _, name := range slices.Sorted(maps.Keys(links)) {
		if slices.ContainsFunc(links[name].Addresses, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return name
		}
	}
	return ""
}
