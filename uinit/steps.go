package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/feature"
)

// Step is the work behind those units that are no feature's of their own yet.
func (w *worker) Step(name string) feature.Step {
	kind, row, _ := strings.Cut(name, ":")
	switch kind {
	case "report":
		return feature.Step{Run: w.openHost}
	case "hostname":
		return feature.Step{Run: w.setHostname}
	case "modules":
		return feature.Step{Run: w.loadModules}
	case "sysctl":
		return feature.Step{Run: w.setSysctl}
	case "coldplug":
		return feature.Step{Run: w.coldplug}
	case "site":
		return feature.Step{Run: w.readSite, Waiting: func() string { return "the medium with site.toml" }}
	case "buttons":
		return feature.Step{Run: w.watchButtons}
	case "status":
		return feature.Step{Run: w.serveStatus}
	case "entropy":
		return feature.Step{Run: w.awaitPool, Waiting: w.pool.Waiting}
	case "seed":
		return feature.Step{Run: w.useSeed}
	case "rtc":
		return feature.Step{Run: w.clock.initial}
	case "clock":
		return feature.Step{Run: func(ctx context.Context) error { return w.clock.sync(ctx, w.Life) }, Waiting: w.clock.waiting}
	case "filter":
		return feature.Step{Run: w.filterPackets}
	case "firewall":
		return feature.Step{Run: w.ownRules}
	case "flow":
		return feature.Step{Run: func(ctx context.Context) error { return w.joinFlows(ctx, row) }}
	case "nflog":
		return feature.Step{Run: w.logPackets}
	case "watchdog":
		return feature.Step{Run: w.startWatchdog}
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
