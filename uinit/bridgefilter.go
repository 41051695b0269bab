package main

import "github.com/imgbuild/imgbuild/uinit/link"

// keepBridgeFilter states, wherever there are bridges, whether their frames pass the rules for routed packets. The module that
// asks may be loaded at any time, by a firewall or a container engine, and would begin with yes.
func (w *worker) keepBridgeFilter() {
	if len(w.Machine.Now().Bridge) == 0 {
		return
	}
	_ = w.Events.Wait(w.Life, "module", func() (bool, error) {
		values, err := link.BridgeFilter("/proc/sys/net/bridge", w.Machine.Now().BridgeFilter)
		if err != nil {
			w.Log.Warn(err.Error())
		}
		for name, on := range values {
			w.Facts.Fact(name, on)
		}
		return false, nil
	})
}
