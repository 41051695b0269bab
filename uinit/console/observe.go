package console

import (
	"bufio"
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// hostKeyFile is where uinit writes the fingerprint of the SSH server's key.
const hostKeyFile = "/run/ssh/fingerprint"

// observe reads what the machine knows of itself.
func (h host) observe(name string, speed int) view {
	v := view{terminal: name, serial: h.serialNumber(), links: h.links()}
	v.hostname, _ = os.Hostname()
	if key, err := bounded.Read(hostKeyFile, 1024); err == nil {
		v.hostKey = strings.TrimSpace(string(key))
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		v.kernel = unix.ByteSliceToString(u.Release[:])
	}
	if !spec.Screen(name) {
		v.speed = speed
	}
	return v
}

// vague are serial numbers that only say that the maker did not set one.
var vague = []string{"", "0", "none", "n/a", "not specified", "not applicable", "default string",
	"system serial number", "to be filled by o.e.m.", "0123456789", "123456789"}

func (h host) serialNumber() string {
	b, _ := os.ReadFile(filepath.Join(h.sys, "class/dmi/id/product_serial"))
	text := strings.TrimSpace(string(b))
	if slices.Contains(vague, strings.ToLower(text)) {
		return ""
	}
	return text
}

// links lists interfaces except loopback and those of guests, each with the addresses that can be used already.
func (h host) links() []linkView {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	pending := map[netip.Addr]bool{}
	if f, err := os.Open("/proc/net/if_inet6"); err == nil {
		pending = unusable(f)
		f.Close()
	}
	var out []linkView
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 || h.ofGuest(i.Name) {
			continue
		}
		l := linkView{name: i.Name}
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && !pending[p.Addr()] {
				l.addresses = append(l.addresses, p.Addr())
			}
		}
		if i.Flags&net.FlagUp != 0 || len(l.addresses) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// unusable reads the addresses in /proc/net/if_inet6 (net/ipv6/addrconf.c: address, index, prefix length,
// scope, flags, name) that are tentative or were found to be a duplicate.
func unusable(r io.Reader) map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 5 {
			continue
		}
		raw, err := hex.DecodeString(f[0])
		a, ok := netip.AddrFromSlice(raw)
		flags, err2 := strconv.ParseUint(f[4], 16, 32)
		if err == nil && ok && err2 == nil && flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 {
			out[a] = true
		}
	}
	return out
}
