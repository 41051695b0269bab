package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/link"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/service"
)

// step gives the work behind a unit's name.
func (w *worker) step(name string) step {
	kind, row, _ := strings.Cut(name, ":")
	switch kind {
	case "mounts":
		return step{Run: w.divide}
	case "report":
		return step{Run: w.openHost}
	case "hostname":
		return step{Run: w.setHostname}
	case "users":
		return step{Run: w.setUsers}
	case "modules":
		return step{Run: w.loadModules}
	case "sysctl":
		return step{Run: w.setSysctl}
	case "coldplug":
		return step{Run: w.coldplug}
	case "site":
		return step{w.readSite, func() string { return "the medium with site.toml" }}
	case "site-vlans":
		return step{w.addVLANs, w.vlansWaiting}
	case "loopback":
		return step{Run: func(context.Context) error { return link.Loopback() }}
	case "buttons":
		return step{Run: w.watchButtons}
	case "status":
		return step{Run: w.serveStatus}
	case "entropy":
		return step{w.awaitPool, w.pool.Waiting}
	case "seed":
		return step{Run: w.useSeed}
	case "rtc":
		return step{Run: w.clock.initial}
	case "clock":
		return step{func(ctx context.Context) error { return w.clock.sync(ctx, w.life) }, w.clock.waiting}
	case "log":
		return step{Run: func(context.Context) error { return w.records.send(w.life, w.clock.synced.Load) }}
	case "filter":
		return step{Run: w.filterPackets}
	case "firewall":
		return step{Run: w.ownRules}
	case "flow":
		return step{Run: func(ctx context.Context) error { return w.joinFlows(ctx, row) }}
	case "nflog":
		return step{Run: w.logPackets}
	case "watchdog":
		return step{Run: w.startWatchdog}
	case "ssh-key":
		return step{w.prepareSSH, w.pool.Waiting}
	case "network": // a name for all that it needs
		return step{Run: func(context.Context) error { return nil }}
	case "console":
		return step{Run: func(ctx context.Context) error { return w.serveConsole(row) }}
	case "link":
		return step{func(ctx context.Context) error { return w.links.Configure(ctx, row) }, func() string { return w.links.Waiting(row) }}
	case "online":
		return step{func(ctx context.Context) error { return w.links.Online(ctx, row) }, func() string { return w.links.Waiting(row) }}
	case "array":
		return w.arrays.step(row)
	case "tunnel":
		return step{func(ctx context.Context) error { return w.startTunnel(ctx, row) }, w.pool.Waiting}
	case "mount":
		m := mount.New(row, w.machine.Mount[row], mount.Box{Sys: dev.Sys(), Alone: w.disks.CheckPath, Turns: &w.turns, Wait: w.awaitDisk, LoadModule: w.modules.Load, Activate: w.activate,
			Log: func(text string) { w.log.Info(text) }})
		return step{m.Run, m.Waiting}
	case "share", "share-files":
		return step{Run: func(ctx context.Context) error { return w.shareStep(ctx, row) }}
	case "grow":
		return step{Run: w.growState}
	case "guests":
		return step{Run: w.guests.prepare}
	case "vm":
		return step{func(ctx context.Context) error { return w.guests.boot(ctx, row) }, func() string { return w.guests.waiting(row) }}
	case "service":
		return step{func(ctx context.Context) error { return w.startService(ctx, row) }, func() string { return w.serviceWaiting(row) }}
	}
	panic("BUG: no step for unit " + name)
}

func (w *worker) setHostname(context.Context) error {
	w.board.Fact("hostname", string(w.machine.Hostname))
	if w.machine.Hostname == "" {
		return nil
	}
	if err := unix.Sethostname([]byte(w.machine.Hostname)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	return nil
}

// setUsers takes root's password from the machine's host, where the profile allows it.
func (w *worker) setUsers(context.Context) error {
	w.board.Fact("access.host_password", false)
	if !w.machine.Access.HostPassword {
		return nil
	}
	taken, err := takeHostPassword(w.modules.Load)
	w.board.Fact("access.host_password", taken)
	return err
}

// say takes a line of a service: all of it into the ring, and so much to the kernel's log that
// this stays readable.
func (w *worker) say(name, line string) {
	w.records.line(name, line)
	w.output.Line(name, line)
}

func (w *worker) newService(name string) *service.Service {
	return service.New(name, w.machine.Service[name], service.Box{
		Start: func(name string, row spec.Service) (service.Process, error) {
			// Asked for now, not before: cgroups come with the unit "mounts".
			l := service.Launcher{Environment: environment(), Output: w.say, Enclose: enclose}
			l.Group, l.Adjustment = w.serviceGroup(name, row)
			return l.Start(name, row)
		},
		Fact:  w.board.Fact,
		Ready: service.Ready,
		Tell:  func(trouble error) { w.revise("service:"+name, trouble) },
		Log:   func(format string, args ...any) { w.log.Warn(fmt.Sprintf(format, args...)) },
	})
}
