package netcmdline

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// bond=NAME[:PORTS[:OPTIONS[:MTU]]]; alone it is bond0 of eth0 and eth1, which take turns.
func (o *overrider) bond(value string) error {
	fields := append(split(value), "", "", "")
	name, ports := fields[0], fields[1]
	if name == "" {
		name = "bond0"
	}
	if ports == "" {
		ports = "eth0,eth1"
	}
	b := spec.Bond{Mode: "balance-rr", Addressing: o.m.Bond[name].Addressing}
	defaults.Fill(&b)
	for word := range strings.SplitSeq(fields[2], ",") {
		if err := bondOption(&b, word); err != nil {
			return err
		}
	}
	if fields[3] != "" {
		mtu, err := strconv.Atoi(fields[3])
		if err != nil || mtu < 68 || mtu > 65535 {
			return fmt.Errorf("MTU %q; accepted: 68 to 65535", fields[3])
		}
		b.MTU = mtu
	}
	if err := o.made(name, "bond"); err != nil {
		return err
	}
	var err error
	if b.Ports, err = o.takePorts(name, ports); err != nil {
		return err
	}
	o.m.Bond[name] = b
	return nil
}

// modes are those of bonding by their numbers (Documentation/networking/bonding.rst).
var modes = []string{"balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"}

func bondOption(b *spec.Bond, word string) error {
	key, value, _ := strings.Cut(word, "=")
	number, numeric := strconv.Atoi(value)
	switch key {
	case "":
		return nil
	case "mode":
		if numeric == nil && number >= 0 && number < len(modes) {
			value = modes[number]
		}
		return b.Mode.UnmarshalText([]byte(value))
	case "miimon":
		if numeric != nil || number < 1 || number > 1<<20 {
			return fmt.Errorf("miimon %q; accepted: milliseconds", value)
		}
		b.MIIMon = spec.Duration(time.Duration(number) * time.Millisecond)
	case "primary":
		b.Primary = value
	case "lacp_rate":
		switch value {
		case "0":
			value = "slow"
		case "1":
			value = "fast"
		}
		return b.LACPRate.UnmarshalText([]byte(value))
	case "xmit_hash_policy":
		return b.HashPolicy.UnmarshalText([]byte(value))
	case "min_links":
		if numeric != nil || number < 0 {
			return fmt.Errorf("min_links %q; accepted: a number", value)
		}
		b.MinLinks = number
	default:
		return fmt.Errorf("bond option %q is not supported; accepted: mode, miimon, primary, lacp_rate, xmit_hash_policy, min_links", key)
	}
	return nil
}

// bridge=NAME:PORTS; alone it is br0 of eth0.
func (o *overrider) bridge(value string) error {
	fields := append(split(value), "")
	name, ports := fields[0], fields[1]
	if name == "" {
		name = "br0"
	}
	if ports == "" {
		ports = "eth0"
	}
	if err := o.made(name, "bridge"); err != nil {
		return err
	}
	b := o.m.Bridge[name]
	var err error
	if b.Ports, err = o.takePorts(name, ports); err != nil {
		return err
	}
	o.m.Bridge[name] = b
	return nil
}

// tag reads it from the names that say one: vlan5, vlan0005, eth0.5.
func tag(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, "vlan")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		digits, ok = name[i+1:], true
	}
	if !ok || len(digits) > 4 {
		return 0, false
	}
	return decimal(digits)
}

// decimal reads digits and nothing else.
func decimal(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil
}

// vlan=NAME:INTERFACE
func (o *overrider) vlan(value string) error {
	name, parent, _ := strings.Cut(value, ":")
	id, ok := tag(name)
	if !ok || parent == "" || parent == name {
		return fmt.Errorf("accepted: vlan=NAME:INTERFACE, with a name such as vlan5 or eth0.5")
	}
	if id < 1 || id > 4094 {
		return fmt.Errorf("tag %d; accepted: 1 to 4094", id)
	}
	if err := o.made(name, "vlan"); err != nil {
		return err
	}
	if err := o.ensure(parent); err != nil {
		return err
	}
	v := o.m.VLAN[name]
	v.Parent, v.ID = parent, id
	o.m.VLAN[name] = v
	return nil
}

// made checks the name of an interface of software.
func (o *overrider) made(name, kind string) error {
	if err := goodName(name); err != nil {
		return err
	}
	if l, known := o.m.Links()[name]; known && l.Kind != kind {
		return fmt.Errorf("%s is of the kind %s in this image", name, l.Kind)
	}
	return nil
}

// takePorts makes interfaces ports of a master, and of nothing else.
func (o *overrider) takePorts(master, list string) ([]string, error) {
	ports := strings.Split(list, ",")
	for i, port := range ports {
		if port == master || slices.Contains(ports[:i], port) {
			return nil, fmt.Errorf("%s cannot be a port of %s", port, master)
		}
		if err := o.ensure(port); err != nil {
			return nil, err
		}
	}
	for _, port := range ports {
		o.free(port)
		o.edit(port, func(a *spec.Addressing) { *a = spec.Addressing{MTU: a.MTU, Optional: a.Optional, Sysctl: a.Sysctl} })
	}
	return ports, nil
}

// free takes an interface out of the bond or bridge that it is a port of.
func (o *overrider) free(port string) {
	without := func(ports []string) []string {
		return slices.DeleteFunc(slices.Clone(ports), func(p string) bool { return p == port })
	}
	for name, b := range o.m.Bond {
		if slices.Contains(b.Ports, port) {
			b.Ports = without(b.Ports)
			if b.Primary == port {
				b.Primary = ""
			}
			o.m.Bond[name] = b
		}
	}
	for name, b := range o.m.Bridge {
		if slices.Contains(b.Ports, port) {
			b.Ports = without(b.Ports)
			o.m.Bridge[name] = b
		}
	}
}

// state gives an interface the addresses that the line states, in place of the image's; what the line says twice adds up.
func (o *overrider) state(name string, apply func(*spec.Addressing)) {
	if !o.set[name] {
		o.set[name] = true
		o.free(name)
		o.edit(name, func(a *spec.Addressing) {
			a.DHCP4, a.DHCP6, a.RA, a.Addresses, a.Gateways, a.DNS = false, nil, nil, nil, nil, nil
		})
	}
	o.edit(name, apply)
}

// edit changes what a row says of addresses.
func (o *overrider) edit(name string, f func(*spec.Addressing)) {
	change(o.m.Ethernet, name, func(r *spec.Ethernet) { f(&r.Addressing) })
	change(o.m.Bond, name, func(r *spec.Bond) { f(&r.Addressing) })
	change(o.m.VLAN, name, func(r *spec.VLAN) { f(&r.Addressing) })
	change(o.m.Bridge, name, func(r *spec.Bridge) { f(&r.Addressing) })
	change(o.m.Dummy, name, func(r *spec.Dummy) { f(&r.Addressing) })
}

func change[R any](rows map[string]R, name string, f func(*R)) {
	if r, ok := rows[name]; ok {
		f(&r)
		rows[name] = r
	}
}

// place reads a name that says where in the machine a card is (systemd.net-naming-scheme(7)): enP1p3s0f1 is 0001:03:00.1.
func place(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, "en")
	if !ok {
		return "", false
	}
	var part [4]int
	for i, mark := range []string{"P", "p", "s", "f"} {
		after, found := strings.CutPrefix(rest, mark)
		if !found && (mark == "P" || mark == "f") {
			continue
		}
		end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(after)
		}
		if part[i], ok = decimal(after[:end]); !found || !ok {
			return "", false
		}
		rest = after[end:]
	}
	// As many as the bus can have (PCI Local Bus Specification, section 3.2.2.3.2).
	if rest != "" || part[1] > 0xff || part[2] > 0x1f || part[3] > 7 {
		return "", false
	}
	return fmt.Sprintf("%04x:%02x:%02x.%d", part[0], part[1], part[2], part[3]), true
}

func kernelNames(line cmdline.Line) bool {
	v, ok := line.Get("net.ifnames")
	return ok && v == "0"
}

// ensure adds a row for an interface that the line names and the image does not.
func (o *overrider) ensure(name string) error {
	if _, known := o.m.Links()[name]; known {
		return nil
	}
	if err := goodName(name); err != nil {
		return err
	}
	var match spec.Match
	number, ok := strings.CutPrefix(name, "eth")
	index, numeric := decimal(number)
	path, placed := place(name)
	if ok && numeric {
		match.Index = &index
	} else if placed && !o.kernelNames {
		match.Path = path
	} else {
		known := slices.Sorted(maps.Keys(o.m.Links()))
		return fmt.Errorf("there is no interface %q; accepted: %s, or names such as eth0 and enp3s0", name, strings.Join(append(known, "one that ifname=NAME:MAC names"), ", "))
	}
	o.m.Ethernet[name] = spec.Ethernet{Match: match}
	return nil
}

// goodName accepts what the kernel does (dev_valid_name in net/core/dev.c).
func goodName(name string) error {
	if name == "" || len(name) > 15 || strings.ContainsAny(name, "/: \t\n%") || name == "lo" || name == "." || name == ".." {
		return fmt.Errorf("%q is not an interface name", name)
	}
	return nil
}
