package link

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/link/plan"
)

// keepBridgeFilter states, wherever there are bridges, whether their frames pass the rules for routed packets. The module that
// asks may be loaded at any time, by a firewall or a container engine, and would begin with yes.
func (l *links) keepBridgeFilter() {
	if len(l.Machine.Now().Bridge) == 0 {
		return
	}
	_ = l.Events.Wait(l.Life, "module", func() (bool, error) {
		facts, err := setBridgeFilter("/proc/sys/net/bridge", l.Machine.Now().BridgeFilter)
		if err != nil {
			l.Log.Warn(err.Error())
		}
		for _, f := range facts {
			l.Facts.Fact(f)
		}
		return false, nil
	})
}

// setBridgeFilter makes the kernel hand bridged frames to the rules for routed packets, or not, as it is stated; dir is
// /proc/sys/net/bridge on a machine. There is nothing to be set, nor to be told, before the module br_netfilter is loaded. The
// facts are those settings that are in force afterwards, and have their names.
func setBridgeFilter(dir string, want spec.BridgeFilter) (facts []fact.Fact, err error) {
	var failed []error
	for _, setting := range []struct {
		as fact.One[bool]
		on bool
	}{{plan.FilterARPTables, want.ARPTables}, {plan.FilterIP6Tables, want.IP6Tables}, {plan.FilterIPTables, want.IPTables}} {
		path := filepath.Join(dir, setting.as.Name)
		text := fmt.Sprint(number(setting.on))
		old, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || strings.TrimSpace(string(old)) != text {
			// Not os.WriteFile: what the module takes along when it goes must not be made as a file.
			if err := overwrite(path, text); err != nil {
				failed = append(failed, fmt.Errorf("setting %s to %s: %w", setting.as.Name, text, err))
				continue
			}
		}
		facts = append(facts, setting.as.Is(setting.on))
	}
	return facts, errors.Join(failed...)
}

func overwrite(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}
