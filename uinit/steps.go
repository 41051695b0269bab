package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/link"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/service"
)

// Step is the work behind those units that are no feature's of their own yet.
func (w *worker) Step(name string) feature.Step {
	kind, row, _ := strings.Cut(name, ":")
	switch kind {
	case "mounts":
		return feature.Step{Run: w.divide}
	case "report":
		return feature.Step{Run: w.openHost}
	case "hostname":
		return feature.Step{Run: w.setHostname}
	case "users":
		return feature.Step{Run: w.setUsers}
	case "modules":
		return feature.Step{Run: w.loadModules}
	case "coldplug":
		return feature.Step{Run: w.coldplug}
	case "site":
		return feature.Step{Run: w.readSite, Waiting: func() string { return "the medium with site.toml" }}
	case "site-vlans":
		return feature.Step{Run: w.addVLANs, Waiting: w.vlansWaiting}
	case "loopback":
		return feature.Step{Run: func(context.Context) error { return link.Loopback() }}
	case "status":
		return feature.Step{Run: w.serveStatus}
	case "rtc":
		return feature.Step{Run: w.clock.initial}
	case "clock":
		return feature.Step{Run: func(ctx context.Context) error { return w.clock.sync(ctx, w.Life) }, Waiting: w.clock.waiting}
	case "network": // a name for all that it needs
		return feature.Step{Run: func(context.Context) error { return nil }}
	case "console":
		return feature.Step{Run: func(ctx context.Context) error { return w.serveConsole(row) }}
	case "link":
		return feature.Step{Run: func(ctx context.Context) error { return w.links().Configure(ctx, row) }, Waiting: func() string { return w.links().Waiting(row) }}
	case "online":
		return feature.Step{Run: func(ctx context.Context) error { return w.links().Online(ctx, row) }, Waiting: func() string { return w.links().Waiting(row) }}
	case "array":
		return w.arrays.step(row)
	case "mount":
		m := mount.New(row, w.Machine.Now().Mount[row], mount.Box{Sys: dev.Sys(), Alone: w.Disks.CheckPath, Turns: &w.turns, Wait: w.AwaitDisk, LoadModule: w.Kmod.Load, Activate: w.activate,
			Log: func(text string) { w.Log.Info(text) }})
		return feature.Step{Run: m.Run, Waiting: m.Waiting}
	case "share", "share-files":
		return feature.Step{Run: func(ctx context.Context) error { return w.shareStep(ctx, row) }}
	case "grow":
		return feature.Step{Run: w.growState}
	case "guests":
		return feature.Step{Run: w.guests.prepare}
	case "vm":
		return feature.Step{Run: func(ctx context.Context) error { return w.guests.boot(ctx, row) }, Waiting: func() string { return w.guests.waiting(row) }}
	case "service":
		return feature.Step{Run: func(ctx context.Context) error { return w.startService(ctx, row) }, Waiting: func() string { return w.serviceWaiting(row) }}
	}
	panic("BUG: no step for unit " + name)
}

func (w *worker) setHostname(context.Context) error {
	w.Facts.Fact("hostname", string(w.Machine.Now().Hostname))
	if w.Machine.Now().Hostname == "" {
		return nil
	}
	if err := unix.Sethostname([]byte(w.Machine.Now().Hostname)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	return nil
}

// setUsers takes root's password from the machine's host, where the profile allows it.
func (w *worker) setUsers(context.Context) error {
	w.Facts.Fact("access.host_password", false)
	if !w.Machine.Now().Access.HostPassword {
		return nil
	}
	taken, err := takeHostPassword(w.Kmod.Load)
	w.Facts.Fact("access.host_password", taken)
	return err
}

func (w *worker) newService(name string) *service.Service {
	return service.New(name, w.Machine.Now().Service[name], service.Box{
		Start: func(name string, row spec.Service) (service.Process, error) {
			// Asked for now, not before: cgroups come with the unit "mounts".
			l := service.Launcher{Environment: feature.Environment(), Output: w.Programs.Say, Enclose: enclose}
			l.Group, l.Adjustment = w.serviceGroup(name, row)
			return l.Start(name, row)
		},
		Fact:  w.Facts.Fact,
		Ready: service.Ready,
		Tell:  func(trouble error) { w.Outcomes.SetTrouble("service:"+name, trouble) },
		Log:   func(format string, args ...any) { w.Log.Warn(fmt.Sprintf(format, args...)) },
	})
}
