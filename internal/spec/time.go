package spec

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// SiteTimeServers is for the servers that the clock is set by.
const SiteTimeServers SiteKey = "time_servers"

// Time says where the clock comes from. The clock is stepped once at boot and only slewed
// afterwards; a time that most of the servers do not agree on is never taken.
type Time struct {
	// Time servers (NTP), by name or address. Three or more are wanted: of two that
	// disagree nobody can say which one is right.
	Servers []TimeServer `json:"servers,omitempty" twice:"fine" site:"time_servers" example:"[\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\"]"`
	// Ask the time servers that DHCP names as well (options 42 and 56).
	DHCP bool `json:"dhcp,omitempty"`
	// Shortest pause between two rounds of questions; public time servers put up with 16s (RFC 5905, MINPOLL).
	PollMin Duration `json:"poll_min,omitempty" default:"64s" accept:"16s or more"`
	// Longest pause; the pause grows up to here while the clock is right.
	PollMax Duration `json:"poll_max,omitempty" default:"2048s" accept:"poll_min or more"`
	// An offset above this, after boot, is not believed, and the clock is left alone; 0s believes any.
	Panic Duration `json:"panic,omitempty" default:"1000s"`
	// Leave the hardware clock as it is. It is in UTC otherwise.
	KeepRTC bool `json:"keep_rtc,omitempty"`
	// Directory on a mounted file system where the last good time is kept, for a box
	// whose hardware clock has no battery. Nothing is written without it.
	State string `json:"state,omitempty" zero:"refused"`
}

// TimeServer is a server of NTP: a name or an address, and a port where it is not 123.
type TimeServer string

// TimePort is NTP's port (RFC 5905, section 7.2).
const TimePort = 123

// UnmarshalText accepts a host name, an address or either with a port.
func (s *TimeServer) UnmarshalText(b []byte) error {
	if address, meant, twice := twoReadings(string(b)); twice {
		return Unaccepted(fmt.Sprintf("%s for a port, [%s] for none", meant, address), "%q may end with a port or be an address as a whole", b)
	}
	host, port, err := splitHost(string(b))
	if err != nil {
		return Unaccepted(fmt.Sprintf("a host name or an address, with a port where it is not %d, such as 192.0.2.1, [2001:db8::1]:1123", TimePort), "%q is not a time server", b)
	}
	*s = TimeServer(joinHost(host, port))
	return nil
}

// Split returns the server's name or address and its port.
func (s TimeServer) Split() (host string, port uint16) {
	host, port, _ = splitHost(string(s))
	if port == 0 {
		port = TimePort
	}
	return host, port
}

// Same says whether two names are one server's: the DNS knows no capitals and puts a dot at the end (RFC 4343; RFC 1034, section 3.1).
func (s TimeServer) Same(other TimeServer) bool {
	host, port := s.Split()
	its, itsPort := other.Split()
	return port == itsPort && strings.EqualFold(strings.TrimSuffix(host, "."), strings.TrimSuffix(its, "."))
}

// splitHost reads HOST, ADDRESS, HOST:PORT, ADDRESS4:PORT, [ADDRESS] and [ADDRESS]:PORT; port 0 is none.
func splitHost(text string) (host string, port uint16, err error) {
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil &&
		strings.HasPrefix(text, "[") == strings.HasSuffix(text, "]") {
		return addr.String(), 0, nil
	}
	host = text
	if strings.Contains(text, ":") {
		var number string
		if host, number, err = net.SplitHostPort(text); err != nil {
			return "", 0, err
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("port %q", number)
		}
		port = uint16(n)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), port, nil
	}
	return host, port, dnsName(host)
}

// twoReadings finds an IPv6 address without brackets whose end may be meant as a port, and says how that is written: 2001:db8::1:514 is
// an address, and may be [2001:db8::1]:514.
func twoReadings(text string) (address, meant string, twice bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.HasPrefix(text, "[") {
		return "", "", false
	}
	_, whole := netip.ParseAddr(text)
	host, err := netip.ParseAddr(text[:i])
	port, notPort := strconv.ParseUint(text[i+1:], 10, 16)
	if whole != nil || err != nil || !host.Is6() || notPort != nil || port == 0 {
		return "", "", false
	}
	return text, fmt.Sprintf("[%s]:%d", text[:i], port), true
}

func joinHost(host string, port uint16) string {
	if _, _, twice := twoReadings(host); port == 0 && twice {
		return "[" + host + "]"
	}
	if port == 0 {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// dnsName accepts what a host name may be in the DNS (RFC 1123, section 2.1): unlike
// Hostname it may be as long as 253 octets.
func dnsName(s string) error {
	name := strings.TrimSuffix(s, ".")
	numeric := true
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return fmt.Errorf("%q is no host name", s)
		}
		// The last label decides: 300.1.1.1 is an address gone wrong, not a name.
		numeric = strings.Trim(label, "0123456789") == ""
	}
	if numeric || len(name) > 253 {
		return fmt.Errorf("%q is no host name", s)
	}
	return nil
}
