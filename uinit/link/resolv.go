package link

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/link/plan"
)

// resolver is what goes into resolv.conf(5).
type resolver struct {
	servers []netip.Addr
	search  []string
}

// add takes what a row says, then what its lease says; earlier links come first.
func (r *resolver) add(dns []netip.Addr, lease *dhcp.Lease) {
	servers := dns
	if lease != nil {
		servers = append(slices.Clone(servers), lease.DNS...)
		if lease.Domain != "" && !slices.Contains(r.search, lease.Domain) {
			r.search = append(r.search, lease.Domain)
		}
	}
	for _, s := range servers {
		if !slices.Contains(r.servers, s) {
			r.servers = append(r.servers, s)
		}
	}
}

// learn takes name servers and search domains that came by IPv6. A link-local server is of one link only.
func (r *resolver) learn(link string, servers []netip.Addr, domains []string) {
	for _, s := range servers {
		if s.IsLinkLocalUnicast() {
			s = s.WithZone(link)
		}
		if !slices.Contains(r.servers, s) {
			r.servers = append(r.servers, s)
		}
	}
	for _, d := range domains {
		if !slices.Contains(r.search, d) {
			r.search = append(r.search, d)
		}
	}
}

// learnOne takes what a router said.
func (r *resolver) learnOne(link string, l learnt) {
	if l.server.IsValid() {
		r.learn(link, []netip.Addr{l.server}, nil)
	} else {
		r.learn(link, nil, []string{l.domain})
	}
}

func (r resolver) String() string {
	var b strings.Builder
	b.WriteString("# Written by uinit from the profile, DHCP and routers.\n")
	if len(r.search) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(r.search, " "))
	}
	for _, s := range r.servers {
		fmt.Fprintf(&b, "nameserver %s\n", s)
	}
	return b.String()
}

// write replaces the file where it differs, or the one that it is a link to: others read that by its own name. A
// file of the image stays for as long as nobody names a server.
func (r resolver) write(path string, written bool) (bool, error) {
	if target, err := os.Readlink(path); err == nil && filepath.IsAbs(target) {
		path = target
	}
	if !written && len(r.servers) == 0 {
		return false, nil
	}
	text := []byte(r.String())
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return true, nil
	}
	// The way to it may have links, such as /var/run.
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(folder, filepath.Base(path))
	}
	if err := bounded.Write(path, text, 0o644); err != nil {
		return written, fmt.Errorf("writing name servers: %w", err)
	}
	return true, nil
}

// resolve keeps resolv.conf.
func (w *work) resolve() {
	var r resolver
	for _, name := range slices.Sorted(maps.Keys(w.active)) {
		a := w.active[name]
		r.add(w.rows[name].DNS, a.lease)
		if l := a.lease6; l != nil {
			r.learn(name, l.DNS, l.Domains)
		}
		for _, l := range w.learnt {
			if l.nic == a.nic && w.rows[name].usesOf(l) {
				r.learnOne(name, l)
			}
		}
	}
	// What others write there stays until there is news: they have asked on an interface of their own, perhaps.
	if text := r.String(); text != w.wrote {
		if w.resolved, w.resolvErr = r.write(w.resolvConf, w.resolved); w.resolvErr == nil {
			w.wrote = text
			w.listener.Resolver()
		}
	}
	servers := make([]string, len(r.servers))
	for i, s := range r.servers {
		servers[i] = s.String()
	}
	w.listener.Fact(plan.NameServers.Is(servers))
	w.listener.Fact(plan.SearchDomains.Is(r.search))
}
