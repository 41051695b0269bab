package link

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
)

// advertised are name servers or search domains of one option of a router advertisement (RFC 8106, section 5).
type advertised struct {
	nic      int
	servers  []netip.Addr
	domains  []string
	lifetime time.Duration
}

// Options of router advertisements, and the kernel's message that carries them (include/uapi/linux/rtnetlink.h, struct nduseroptmsg).
const (
	optionRDNSS      = 25
	optionDNSSL      = 31
	userOptionHeader = 16
	routerAdvertised = 134
)

// parseAdvertised reads a message of the kernel without its netlink header: what options it holds that are of use here.
func parseAdvertised(b []byte) []advertised {
	if len(b) < userOptionHeader || b[0] != unix.AF_INET6 || b[8] != routerAdvertised {
		return nil
	}
	nic := int(int32(binary.NativeEndian.Uint32(b[4:])))
	length := int(binary.NativeEndian.Uint16(b[2:]))
	b = b[userOptionHeader:]
	b = b[:min(length, len(b))]
	var all []advertised
	for len(b) >= 8 {
		size := int(b[1]) * 8
		if size == 0 || size > len(b) {
			return all
		}
		o := advertised{nic: nic, lifetime: time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Second}
		switch b[0] {
		case optionRDNSS:
			for rest := b[8:size]; len(rest) >= 16; rest = rest[16:] {
				if a := netip.AddrFrom16([16]byte(rest[:16])); !a.IsMulticast() && !a.IsUnspecified() && !a.IsLoopback() && !a.Is4In6() {
					o.servers = append(o.servers, a)
				}
			}
		case optionDNSSL:
			o.domains = lease.Names(b[8:size])
		}
		if o.servers != nil || o.domains != nil {
			all = append(all, o)
		}
		b = b[size:]
	}
	return all
}

// hear passes on what routers advertise for users of name servers, until ctx ends.
func hear(ctx context.Context) (<-chan advertised, error) {
	heard := make(chan advertised)
	err := follow(ctx, func(messages []syscall.NetlinkMessage) {
		for _, m := range messages {
			if m.Header.Type != unix.RTM_NEWNDUSEROPT {
				continue
			}
			for _, o := range parseAdvertised(m.Data) {
				select {
				case heard <- o:
				case <-ctx.Done():
				}
			}
		}
	}, unix.RTNLGRP_ND_USEROPT)
	if err != nil {
		return nil, fmt.Errorf("listening to routers: %w", err)
	}
	return heard, nil
}

// learnt is a name server or a search domain, until a moment.
type learnt struct {
	nic    int
	server netip.Addr
	domain string
	until  time.Time
}

// mostLearnt bounds what is kept of each interface: whoever is on the link can advertise.
const mostLearnt = 16

// learn takes what was advertised. A lifetime of 0 takes it back.
func learn(all []learnt, o advertised, now time.Time) []learnt {
	for _, l := range o.each() {
		l.until = now.Add(o.lifetime)
		i := slices.IndexFunc(all, func(x learnt) bool { return x.nic == l.nic && x.server == l.server && x.domain == l.domain })
		kept := 0
		for _, x := range all {
			if x.nic == l.nic {
				kept++
			}
		}
		switch {
		case i >= 0:
			all[i].until = l.until
		case o.lifetime > 0 && kept < mostLearnt:
			all = append(all, l)
		}
	}
	return forget(all, now)
}

func (o advertised) each() []learnt {
	var all []learnt
	for _, s := range o.servers {
		all = append(all, learnt{nic: o.nic, server: s})
	}
	for _, d := range o.domains {
		all = append(all, learnt{nic: o.nic, domain: d})
	}
	return all
}

// forget drops what is over.
func forget(all []learnt, now time.Time) []learnt {
	return slices.DeleteFunc(all, func(l learnt) bool { return !now.Before(l.until) })
}

// nextForgotten is when the first of them is over; nil where none ever is.
func nextForgotten(all []learnt) <-chan time.Time {
	if len(all) == 0 {
		return nil
	}
	first := slices.MinFunc(all, func(a, b learnt) int { return cmp.Compare(a.until.UnixNano(), b.until.UnixNano()) })
	return time.After(max(time.Until(first.until), 0))
}
