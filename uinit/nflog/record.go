package nflog

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/log/syslog"
)

// Field is a name and a value of a record.
type Field struct{ Name, Value string }

// Fields are a packet as names and values, in a fixed order; what is not known is left out. name gives
// that of an interface.
func (p Packet) Fields(name func(index int) string) (fields []Field) {
	add := func(key, value string) {
		if value != "" {
			fields = append(fields, Field{key, value})
		}
	}
	port := func(index int) string {
		if index == 0 {
			return ""
		}
		return name(index)
	}
	add("rule", p.Prefix)
	add("in", port(p.In))
	add("out", port(p.Out))
	add("physin", port(p.PhysIn))
	add("physout", port(p.PhysOut))
	add("macsrc", hardware(p.Source))
	add("macdst", hardware(p.Destination))
	if p.VLAN != 0 {
		add("vlan", strconv.Itoa(int(p.VLAN)))
	}
	if p.From.IsValid() {
		add("src", p.From.String())
		add("dst", p.To.String())
	}
	add("proto", p.Protocol)
	if p.HasPorts {
		add("spt", strconv.Itoa(int(p.FromPort)))
		add("dpt", strconv.Itoa(int(p.ToPort)))
	}
	add("flags", p.Flags)
	if p.HasType {
		add("type", strconv.Itoa(int(p.Type)))
		add("code", strconv.Itoa(int(p.Code)))
	}
	if p.Length > 0 {
		add("len", strconv.Itoa(p.Length))
	}
	return fields
}

// Fields say of which rule and interface how many are lost.
func (l Lost) Fields(name func(index int) string) []Field {
	fields := []Field{{"rule", l.Rule}}
	if l.In != 0 {
		fields = append(fields, Field{"in", name(l.In)})
	}
	return append(fields, Field{"lost", strconv.FormatUint(l.Packets, 10)})
}

func hardware(a net.HardwareAddr) string {
	if len(a) == 0 {
		return ""
	}
	return a.String()
}

// Text is fields as a line for people: "forward: in=wan src=192.0.2.1 … SYN".
func Text(fields []Field) string {
	var b strings.Builder
	for _, f := range fields {
		if f.Name == "rule" {
			fmt.Fprintf(&b, "%s: ", f.Value)
			continue
		}
		value := f.Value
		if strings.ContainsAny(value, " \"") {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(&b, "%s=%s ", f.Name, value)
	}
	return strings.TrimSuffix(b.String(), " ")
}

// program is the name under which logged packets are records.
const program = "packets"

// element is their structured data. The number is the one for documentation (RFC 5612): there is
// no enterprise behind this.
const element = "packet@32473"

// record is a packet, or a count of them, as the log has it.
func record(fields []Field) syslog.Record {
	data := syslog.Element{ID: element}
	for _, f := range fields {
		data.Params = append(data.Params, syslog.Param{Name: f.Name, Value: f.Value})
	}
	return syslog.Record{At: syslog.Uptime(), Facility: syslog.Kernel, Severity: syslog.Info, Program: program, Message: Text(fields), Data: data}
}
