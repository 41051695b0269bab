package main

import "github.com/imgbuild/imgbuild/uinit/link"

// keepBridgeFilter states, wherever there are bridges, whether their frames pass the rules for routed packets. The module that
// asks may be loaded at any time, by a firewall or a container engine, and would begin with yes.
func (w *worker) keepBridgeFilter() {
	if len(w.machine.Bridge) == 0 {
		return
	}
	_ = w.events.Wait(w.life, "module", func() (bool, error) {
		values, err := link.BridgeFilter("/proc/sys/net/bridge", w.machine.BridgeFilter)
		if err != nil {
			w.log.Warn(err.Error())
		}
		for name, on := range values {
			w.board.Fact(name, on)
		}
		return false, nil
	})
}
