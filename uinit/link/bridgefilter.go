package link

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// keepBridgeFilter states, wherever there are bridges, whether their frames pass the rules for routed packets. The module that
// asks may be loaded at any time, by a firewall or a container engine, and would begin with yes.
func (l *links) keepBridgeFilter() {
	if len(l.Machine.Now().Bridge) == 0 {
		return
	}
	_ = l.Events.Wait(l.Life, "module", func() (bool, error) {
		values, err := setBridgeFilter("/proc/sys/net/bridge", l.Machine.Now().BridgeFilter)
		if err != nil {
			l.Log.Warn(err.Error())
		}
		for name, on := range values {
			l.Facts.Fact(name, on)
		}
		return false, nil
	})
}

// setBridgeFilter makes the kernel hand bridged frames to the rules for routed packets, or not, as it is stated; dir is
// /proc/sys/net/bridge on a machine. There is nothing to be set, nor to be told, before the module br_netfilter is loaded. The
// values are those that are in force afterwards, by their settings' names.
func setBridgeFilter(dir string, want spec.BridgeFilter) (map[string]bool, error) {
	values := map[string]bool{
		"bridge-nf-call-iptables": want.IPTables, "bridge-nf-call-ip6tables": want.IP6Tables, "bridge-nf-call-arptables": want.ARPTables,
	}
	var failed []error
	for name, on := range values {
		path := filepath.Join(dir, name)
		text := fmt.Sprint(number(on))
		old, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			delete(values, name)
		case err == nil && strings.TrimSpace(string(old)) == text:
		default:
			// Not os.WriteFile: what the module takes along when it goes must not be made as a file.
			if err := overwrite(path, text); err != nil {
				failed = append(failed, fmt.Errorf("setting %s to %s: %w", name, text, err))
				delete(values, name)
			}
		}
	}
	order.By(failed, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return values, errors.Join(failed...)
}

func overwrite(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}
