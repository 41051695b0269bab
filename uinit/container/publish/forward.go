package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Opened are the links by which connections to published ports come, and answers to containers, and whose rows say nothing of
// forwarding: as the kernel asks the one by which a packet comes (ip-sysctl, conf/interface/forwarding), they forward for as long as there are such
// containers, and then only for these. A row with forwarding = false keeps its link out of it.
func Opened(m *spec.Machine) (names []string) {
	on := func(value string) bool { return value != "" && value != "0" }
	if on(m.Sysctl["net.ipv4.ip_forward"]) || on(m.Sysctl["net.ipv4.conf.all.forwarding"]) {
		return nil
	}
	links := m.Links()
	for _, name := range slices.Sorted(maps.Keys(links)) {
		l := links[name]
		_, stated := l.Sysctl["ipv4.forwarding"]
		_, byName := m.Sysctl["net.ipv4.conf."+strings.ReplaceAll(name, ".", "/")+".forwarding"]
		if !stated && !byName && l.Forwarding == nil && l.Master == "" && !l.NoAddress && l.Kind != "dummy" {
			names = append(names, name)
		}
	}
	return names
}

// Appeared opens links that have come since the last container did, and rows.
func (n *Network) Appeared(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.containers) == 0 {
		return nil
	}
	m := n.machine()
	if links := Opened(m); !slices.Equal(links, n.guarded) {
		if err := load(ctx, guard(m)); err != nil {
			return err
		}
		n.guarded = links
	}
	return n.open(m)
}

// open has links forward. Those that are not there yet come later.
func (n *Network) open(m *spec.Machine) error {
	for _, link := range Opened(m) {
		was, err := os.ReadFile("/proc/sys/net/ipv4/conf/" + link + "/forwarding")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading what %s forwards: %w", link, err)
		}
		if _, known := n.before[link]; !known {
			n.before[link] = strings.TrimSpace(string(was))
		}
		if err := write(link, "forwarding", "1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// close has links be as they were.
func (n *Network) close() error {
	var failed []error
	for link, was := range n.before {
		if err := write(link, "forwarding", was); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	clear(n.before)
	return errors.Join(failed...)
}
