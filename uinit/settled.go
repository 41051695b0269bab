package main

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/meminfo"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// settled tells that the boot is over, for better or worse.
func (w *worker) settled() {
	seconds := virtioport.Uptime()
	w.Facts.Fact(plan.BootSeconds.Is(seconds))
	state := w.Facts.Settle(plan.BootState)
	if used, err := meminfo.Used(); err == nil {
		w.Facts.Fact(plan.MemoryUsed.Is(used))
	}
	w.send(report.Event{Kind: report.KindBoot, State: state, Seconds: seconds})
	w.Log.Info(fmt.Sprintf("boot %s after %.1fs", state, seconds))
}
