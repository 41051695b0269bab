package dhcp6

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/imgbuild/imgbuild/uinit/dhcp/said"
	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
)

// Lease is what a server lent.
type Lease = lease.Lease

// Times for information without an address (RFC 8415, section 7.6, IRT_DEFAULT and IRT_MINIMUM).
const (
	refreshDefault = 24 * time.Hour
	refreshMinimum = 10 * time.Minute
)

var (
	errSilence  = errors.New("no answer")
	errRefused  = errors.New("refused")
	errDeclined = errors.New("declined")
)

// leaseFrom reads the address of an association from an answer. What it lacks for that is an error; everything else that can't
// be used is dropped. A status other than success is errRefused.
func leaseFrom(m *message, iaid [4]byte, start time.Time) (Lease, error) {
	l := informationFrom(m, start)
	if l.Server == "" {
		return l, errors.New("no server identifier")
	}
	if err := status(m.Options.Options); err != nil {
		return l, err
	}
	for _, o := range m.GetOption(dhcpv6.OptionIANA) {
		b := o.ToBytes()
		if len(b) < 12 || [4]byte(b) != iaid {
			continue
		}
		inner, err := parseOptions(b[12:])
		if err != nil {
			return l, err
		}
		if err := status(inner); err != nil {
			return l, err
		}
		t1, t2 := seconds(b[4:]), seconds(b[8:])
		for _, x := range inner.Get(dhcpv6.OptionIAAddr) {
			if take(&l, x.ToBytes(), t1, t2) {
				return l, nil
			}
		}
	}
	return l, errors.New("no address")
}

// take gives the lease an address, unless it is none or over already (RFC 8415, section 21.6).
func take(l *Lease, b []byte, t1, t2 time.Duration) bool {
	if len(b) < 24 {
		return false
	}
	address := netip.AddrFrom16([16]byte(b[:16]))
	preferred, valid := seconds(b[16:]), seconds(b[20:])
	if inner, err := parseOptions(b[24:]); err != nil || status(inner) != nil {
		return false
	}
	if !usable(address) || address.IsLinkLocalUnicast() || valid == 0 || preferred > valid {
		return false
	}
	l.Address, l.Preferred, l.Valid = address, preferred, valid
	l.Renew, l.Rebind = renewal(preferred, valid, t1, t2)
	return true
}

// renewal is T1 and T2: what the server says if it makes sense, else 0.5 and 0.8 times the preferred lifetime (RFC 8415, section
// 14.2). An address that is not preferred at all counts by its validity.
func renewal(preferred, valid, t1, t2 time.Duration) (time.Duration, time.Duration) {
	if preferred == 0 {
		preferred = valid
	}
	if t2 == 0 || t2 > valid || t1 > t2 {
		t1, t2 = 0, preferred/5*4
	}
	if t1 == 0 {
		t1 = min(preferred/2, t2)
	}
	return t1, t2
}

func informationFrom(m *message, start time.Time) Lease {
	o := m.Options.Options
	l := Lease{
		Server: string(data(o, dhcpv6.OptionServerID)), Start: start, Renew: refreshDefault,
		DNS: addresses(data(o, dhcpv6.OptionDNSRecursiveNameServer)), Domains: lease.Names(data(o, dhcpv6.OptionDomainSearchList)),
	}
	if b := data(o, dhcpv6.OptionInformationRefreshTime); len(b) == 4 {
		l.Renew = max(seconds(b), refreshMinimum)
	}
	for _, x := range o.Get(dhcpv6.OptionNTPServer) {
		inner, _ := parseOptions(x.ToBytes())
		for _, y := range inner {
			l.NTP = append(l.NTP, timeServer(y)...)
		}
	}
	if l.NTP == nil {
		for _, a := range addresses(data(o, dhcpv6.OptionSNTPServerList)) {
			l.NTP = append(l.NTP, a.String())
		}
	}
	return l
}

// timeServer reads a suboption (RFC 5908, section 4), an address or a name. Multicast nobody here listens to.
func timeServer(o dhcpv6.Option) []string {
	switch b := o.ToBytes(); {
	case o.Code() == dhcpv6.NTPSuboptionSrvAddrCode && len(b) == 16:
		if a := netip.AddrFrom16([16]byte(b)); usable(a) {
			return []string{a.String()}
		}
	case o.Code() == dhcpv6.NTPSuboptionSrvFQDNCode:
		return lease.Names(b)
	}
	return nil
}

// status is nil for success, which is also meant by silence (RFC 8415, section 21.13).
func status(o options) error {
	b := data(o, dhcpv6.OptionStatusCode)
	if len(b) < 2 || iana.StatusCode(binary.BigEndian.Uint16(b)) == iana.StatusSuccess {
		return nil
	}
	code := iana.StatusCode(binary.BigEndian.Uint16(b))
	return fmt.Errorf("%w, %v (status %d)%s", errRefused, code, code, said.Quote(string(b[2:])))
}

// forever is what the protocol's infinity counts as: the kernel would make an address without a limit of it, which
// nobody would take away again.
const forever = 1<<31 - 1

func seconds(b []byte) time.Duration {
	return time.Duration(min(binary.BigEndian.Uint32(b), forever)) * time.Second
}
