package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/console"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/module"
)

// asksForRescue says whether the kernel line asks for a shell before the boot. S, single and 1 are what it is called
// elsewhere (init(8)).
func asksForRescue(line cmdline.Line) bool {
	return line.Has("uinit.rescue") || line.Has("single") || line.Has("S") || line.Has("1")
}

// rescueMain offers the rescue shell. Why there is none, or no longer, it writes to file 3, for PID 1; its exit status
// is 0 only where a person has left the shell.
func rescueMain(reason string) int {
	unix.CloseOnExec(3)
	err := rescue(reason)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.NewFile(3, "reason"), strings.ReplaceAll(err.Error(), "\n", "; "))
	return 1
}

// rescue loads the drivers that the shell may need, for keyboards above all, gives root the password that the units
// "site" and "users" would, in this order, and runs the shell. It is there for when the worker is broken, so it does without one.
func rescue(reason string) error {
	life, end := context.WithCancel(context.Background())
	defer end()
	line := cmdline.Read()
	m, err := spec.Read(spec.Path)
	if err != nil {
		m, reason = &spec.Description{}, reason+"\n"+err.Error()
	}
	if usr := module.AttachUsr(&m.Machine, line); usr != nil && usr.Err != nil { // the shell is there
		reason += "\n" + usr.Err.Error()
	}
	// The shell is worth more than its keyboard's driver or a password from elsewhere, but it is not given for their
	// lack: what root's password is says /etc/shadow, in which these may only put another one.
	var failed error
	if loader, _, err := module.Open(&m.Machine, line); err == nil {
		events, err := dev.Listen(life)
		if err != nil {
			events = &dev.Monitor{}
		}
		news, stop := events.Watch(dev.Wants)
		defer stop()
		go func() {
			defer func() { _ = recover() }()
			p := module.NewPlug(loader, func(string, error) {})
			p.Cold(life)
			p.Hot(life, news)
		}()
		all := slices.Clone(features.All())
		order.By(all, func(a, b feature.Linked) int { return readsSite(a, m) - readsSite(b, m) })
		for _, l := range all {
			if l.Rescue != nil {
				failed = errors.Join(failed, l.Rescue(life, feature.Rescue{Image: m, Events: events, Load: loader.Load}))
			}
		}
	}
	if failed != nil {
		reason += "\n" + failed.Error()
	}
	if err := console.Rescue(reason, m.Access.RescueWithoutPassword); err != nil {
		return errors.Join(err, failed)
	}
	return nil
}

// readsSite is 1 for a feature whose units come after the site file: its word counts more, as at boot.
func readsSite(l feature.Linked, m *spec.Description) int {
	if l.Units == nil {
		return 0
	}
	if slices.ContainsFunc(l.Units(m), func(u graph.Unit) bool { return len(u.Reads) > 0 }) {
		return 1
	}
	return 0
}
