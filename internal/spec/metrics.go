package spec

import "net/netip"

// Metrics tells Prometheus, and whoever else asks http://ADDRESS:9100/metrics, how the machine is: as plain text or as
// OpenMetrics, under the names of node_exporter where it has them. What is told stands in docs/metrics.md; it is no secret,
// and nothing can be changed by asking.
type Metrics struct {
	// Addresses to listen on; by default all.
	Listen []netip.Addr `json:"listen,omitempty" zero:"refused" twice:"refused"`
	// TCP port; node_exporter's by default. With a [firewall] its rules must let it in.
	Port int `json:"port,omitempty" default:"9100" accept:"1 to 65535"`
	// Networks that may ask; by default all that reach it.
	From []netip.Prefix `json:"from,omitempty" network:"true" zero:"refused"`
}
