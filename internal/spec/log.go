package spec

import (
	"fmt"
	"net/netip"
	"strings"
)

// SiteLogServer is for the server that records are sent to.
const SiteLogServer SiteKey = "log_server"

// Log says where records of the kernel, uinit and the services go.
type Log struct {
	// Memory for the latest records, whoever reads them.
	Ring Size `json:"ring,omitempty" default:"1M" accept:"4K or more"`
	// Where to send each record as syslog (RFC 5424): udp://, tcp:// or tls://, then a host
	// and a port where it is not the usual one (514, 601, 6514). IPv6 is in brackets: udp://[2001:db8::1].
	Remote LogServer `json:"remote,omitempty" site:"log_server" example:"\"tcp://192.0.2.1:601\""`
	// Certificates that tls:// trusts, as a PEM file in the image.
	CA string `json:"ca,omitempty" image:"file"`
	// Send nothing less urgent than this.
	Level Severity `json:"level,omitempty" default:"info"`
	// Memory for records that wait for the server; when it is full the oldest are lost,
	// and counted.
	Queue Size `json:"queue,omitempty" default:"1M" accept:"4K or more"`
	// Directory on a mounted file system for records that no longer fit into the queue,
	// and for those left at shutdown. Nothing is written without it.
	Spool string `json:"spool,omitempty" zero:"refused"`
	// Most that the spool may hold.
	SpoolMax Size `json:"spool_max,omitempty" default:"16M" accept:"64K or more"`
}

// LogServer is where records are sent: udp://HOST:PORT, tcp://… or tls://….
type LogServer string

// logPorts are the usual ports: RFC 5426 section 3.3, RFC 3195's syslog-conn as most
// collectors use it for plain TCP, RFC 5425 section 4.1.
var logPorts = map[string]uint16{"udp": 514, "tcp": 601, "tls": 6514}

// UnmarshalText accepts the three schemes and writes the port out.
func (s *LogServer) UnmarshalText(b []byte) error {
	scheme, rest, _ := strings.Cut(string(b), "://")
	if a, err := netip.ParseAddr(rest); err == nil && a.Is6() { // RFC 3986, section 3.2.2
		accepted := fmt.Sprintf("%s://[%s]", scheme, rest)
		if _, meant, twice := twoReadings(rest); twice {
			accepted = fmt.Sprintf("%s://%s for a port, %s for none", scheme, meant, accepted)
		}
		return Unaccepted(accepted, "%q has an IPv6 address without brackets", b)
	}
	host, port, err := splitHost(rest)
	usual, known := logPorts[scheme]
	if err != nil || !known {
		return Unaccepted("udp://HOST, tcp://HOST or tls://HOST, with :PORT where it is not 514, 601 or 6514", "%q is not a log server", b)
	}
	if port == 0 {
		port = usual
	}
	*s = LogServer(scheme + "://" + joinHost(host, port))
	return nil
}

// Split returns the scheme and the address as net.Dial takes it.
func (s LogServer) Split() (scheme, address string) {
	scheme, address, _ = strings.Cut(string(s), "://")
	return scheme, address
}

// Severity is how urgent a record is, in syslog's words (RFC 5424, section 6.2.1).
type Severity string

// Severities from the most urgent, which is 0 on the wire, to the least, which is 7.
var severities = []Severity{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// UnmarshalText accepts the words above.
func (s *Severity) UnmarshalText(b []byte) error {
	return Choice(s, b, "a severity", severities...)
}

// Number is the severity on the wire; that of info where nothing was said.
func (s Severity) Number() int {
	for n, word := range severities {
		if s == word {
			return n
		}
	}
	return 6
}
