package firewall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Setting is one for all interfaces, by its place below /proc/sys/net (ip-sysctl).
type Setting struct{ Family, Name, Value string }

var reversePath = map[spec.ReversePath]string{"off": "0", "strict": "1", "loose": "2"}

// Settings are those against packets that lie about where they come from or where to go next, and answers that say too much.
func Settings(f *spec.Firewall) []Setting {
	return []Setting{
		{"ipv4", "rp_filter", reversePath[f.ReversePath]},
		{"ipv4", "accept_source_route", "0"},
		{"ipv4", "accept_redirects", "0"},
		{"ipv4", "secure_redirects", "0"},
		{"ipv4", "send_redirects", "0"},
		// An address is nobody's business on another interface than its own.
		{"ipv4", "arp_ignore", "1"},
		{"ipv4", "arp_announce", "2"},
		{"ipv6", "accept_source_route", "0"},
		{"ipv6", "accept_redirects", "0"},
	}
}

// Harden writes settings below dir, /proc/sys/net on a machine. Interfaces that come up later start
// from "default"; those that are there have their own values already, and the kernel asks
// them as well as "all". A kernel without IPv6 has nothing to be hardened there.
func Harden(dir string, settings []Setting) error {
	var failed []error
	for _, s := range settings {
		conf := filepath.Join(dir, s.Family, "conf")
		names := []string{"default", "all"}
		there, err := os.ReadDir(conf)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for _, e := range there {
			names = append(names, e.Name())
		}
		for _, name := range names {
			// One that went away meanwhile needs nothing.
			if e := os.WriteFile(filepath.Join(conf, name, s.Name), []byte(s.Value+"\n"), 0); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("setting %s of all interfaces: %w", s.Name, err))
		}
	}
	return errors.Join(failed...)
}
