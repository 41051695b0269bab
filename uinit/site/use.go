package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/netcmdline"
)

// use makes the machine what its owner wants. Units that do what can be changed come after this
// one (graph.Unit.Reads), and so see the machine as it is then.
func (o owner) use(wanted *spec.Machine) error {
	var failed []error
	m := *o.Machine.Now()
	if old := m.Hostname; wanted.Hostname != old {
		failed = append(failed, nameHost(filepath.Join(o.root, "etc"), old, wanted.Hostname))
	}
	for _, name := range graph.Names(wanted.User) {
		was, now := m.User[name], wanted.User[name]
		if now.PasswordHash != was.PasswordHash {
			failed = append(failed, account.Apply(filepath.Join(o.root, "etc/shadow"), name, now.PasswordHash))
		}
		if !slices.Equal(now.AuthorizedKeys, was.AuthorizedKeys) {
			failed = append(failed, account.SetKeys(o.root, name, now.AuthorizedKeys))
		}
	}
	m.Hostname, m.User, m.Time.Servers, m.Log.Remote = wanted.Hostname, wanted.User, wanted.Time.Servers, wanted.Log.Remote
	m.Ethernet, m.Bond, m.VLAN, m.Bridge, m.Dummy = wanted.Ethernet, wanted.Bond, wanted.VLAN, wanted.Bridge, wanted.Dummy
	netcmdline.Publish(o.Deps, m)
	return errors.Join(failed...)
}

// nameHost writes a new name where the image has the old one. A hosts(5) of the image's own making
// stays.
func nameHost(etc string, old, name spec.Hostname) error {
	var failed []error
	for file, text := range map[string]func(spec.Hostname) string{
		"hosts": spec.Hosts, "hostname": func(h spec.Hostname) string { return string(h) + "\n" },
	} {
		path := filepath.Join(etc, file)
		if now, err := os.ReadFile(path); err != nil || string(now) != text(old) {
			continue
		}
		if err := os.WriteFile(path, []byte(text(name)), 0o644); err != nil {
			failed = append(failed, fmt.Errorf("writing the host's name: %w", err))
		}
	}
	return errors.Join(failed...)
}
