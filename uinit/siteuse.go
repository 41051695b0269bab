//go:build !nosite

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// use makes the machine what its owner wants. Units that do what can be changed come after this
// one (bySite), and so see the machine as it is then.
func (w *worker) use(wanted *spec.Machine) error {
	var failed []error
	if old := w.Machine.Now().Hostname; wanted.Hostname != old {
		failed = append(failed, nameHost("/etc", old, wanted.Hostname))
	}
	for _, name := range graph.Names(wanted.User) {
		was, now := w.Machine.Now().User[name], wanted.User[name]
		if now.PasswordHash != was.PasswordHash {
			failed = append(failed, account.Apply("/etc/shadow", name, now.PasswordHash))
		}
		if !slices.Equal(now.AuthorizedKeys, was.AuthorizedKeys) {
			failed = append(failed, account.SetKeys("/", name, now.AuthorizedKeys))
		}
	}
	for _, name := range graph.Names(wanted.VLAN) {
		if _, known := w.Machine.Now().VLAN[name]; !known {
			w.added = append(w.added, name)
		}
	}
	m := *w.Machine.Now()
	m.Hostname, m.User, m.Time.Servers, m.Log.Remote = wanted.Hostname, wanted.User, wanted.Time.Servers, wanted.Log.Remote
	m.Ethernet, m.Bond, m.VLAN, m.Bridge, m.Dummy = wanted.Ethernet, wanted.Bond, wanted.VLAN, wanted.Bridge, wanted.Dummy
	w.Machine.Publish(&m)
	w.override()
	return errors.Join(failed...)
}

// nameHost writes a new name where the image has the old one. A hosts(5) of the image's own making
// stays.
func nameHost(etc string, old, name spec.Hostname) error {
	var failed []error
	for file, text := range map[string]func(spec.Hostname) string{
		"hosts": spec.Hosts, "hostname": func(h spec.Hostname) string { return string(h) + "\n" },
	} {
		path := etc + "/" + file
		if now, err := os.ReadFile(path); err != nil || string(now) != text(old) {
			continue
		}
		if err := os.WriteFile(path, []byte(text(name)), 0o644); err != nil {
			failed = append(failed, fmt.Errorf("writing the host's name: %w", err))
		}
	}
	return errors.Join(failed...)
}

// addVLANs brings up the VLANs that the profile does not have; it has no units for them.
func (w *worker) addVLANs(ctx context.Context) error {
	failed := make([]error, len(w.added))
	done := make(chan struct{})
	for i, name := range w.added {
		go func() {
			defer func() { done <- struct{}{} }()
			if failed[i] = w.links().Configure(ctx, name); failed[i] == nil {
				failed[i] = w.links().Online(ctx, name)
			}
		}()
	}
	for range w.added {
		<-done
	}
	return errors.Join(failed...)
}

func (w *worker) vlansWaiting() string {
	var lines []string
	for _, name := range w.added {
		if text := w.links().Waiting(name); text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	return strings.Join(lines, "; ")
}
