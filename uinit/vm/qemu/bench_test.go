package qemu

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// How long a guest with a disk and a card takes from its plan until it runs, beside QEMU with next to nothing. The clock
// is the host's: within an emulated machine it would measure the emulator.
func TestBenchStart(t *testing.T) {
	bench.Skip(t)
	if !inNamespace(t) {
		return
	}
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br20"}}); err != nil {
		t.Fatal(err)
	}
	bare := filled(spec.VM{Memory: 64 << 20, Accel: "tcg"})
	cfg := bare
	cfg.Disk = map[string]spec.VMDisk{"root": {Path: filepath.Join(t.TempDir(), "root.img"), Create: true, Size: 1 << 30, Bus: "virtio"}}
	cfg.NIC = map[string]spec.VMNIC{"lan": {Bridge: "br20"}}
	cfg = filled(cfg)
	samples, err := bench.Interleave(10, starting(t, bare), starting(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	least, most := bench.Spread(samples[1])
	figure := bench.Figure{
		Name: "vm start, until QEMU runs the guest", Value: bench.Median(samples[1]), Bound: 0.3, Unit: "s",
		Note: fmt.Sprintf("%.2f to %.2f s; without disk and card %.2f s", least, most, bench.Median(samples[0])),
	}
	bench.Hold(t, figure)
}

// starting measures one start in seconds.
func starting(t *testing.T, cfg spec.VM) func() (float64, error) {
	return func() (float64, error) {
		begin := time.Now()
		cmd, g, o := launch(t, Make("web", cfg, Host{Name: "box", Names: []string{"web"}}))
		running := g.Await()
		took := time.Since(begin)
		if running == 0 {
			return 0, fmt.Errorf("QEMU does not run")
		}
		g.Quit()
		err := cmd.Wait()
		o.Hangup()
		g.Exited()
		return took.Seconds(), err
	}
}
