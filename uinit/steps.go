package main

import (
	"context"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/feature"
)

// Step is the work behind those units that are no feature's of their own yet.
func (w *worker) Step(name string) feature.Step {
	kind, row, _ := strings.Cut(name, ":")
	switch kind {
	case "report":
		return feature.Step{Run: w.openHost}
	case "modules":
		return feature.Step{Run: w.loadModules}
	case "sysctl":
		return feature.Step{Run: w.setSysctl}
	case "coldplug":
		return feature.Step{Run: w.coldplug}
	case "buttons":
		return feature.Step{Run: w.watchButtons}
	case "status":
		return feature.Step{Run: w.serveStatus}
	case "entropy":
		return feature.Step{Run: w.awaitPool, Waiting: w.pool.Waiting}
	case "seed":
		return feature.Step{Run: w.useSeed}
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
