package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of how guests run, and of each of them.
var (
	Accel       = fact.One[string]{Name: "vm.accel"}
	AccelReason = fact.One[string]{Name: "vm.accel_reason"}
	State       = fact.Each[string]{Pattern: "vm.NAME.state"}
	Exit        = fact.Each[string]{Pattern: "vm.NAME.exit"}
	Restarts    = fact.Each[int]{Pattern: "vm.NAME.restarts"}
	Started     = fact.Each[float64]{Pattern: "vm.NAME.started_seconds"}
)

func facts() []graph.Facts {
	rows := func(d *spec.Description) []string { return graph.Names(d.VM) }
	return []graph.Facts{
		{Rows: graph.Where(used), Of: []fact.Def{
			Accel.Means(fact.None, "What guests run on: kvm, or tcg, which is slow."),
			AccelReason.Means(fact.None, "Why they don't run on KVM; not there where they do."),
		}},
		{Rows: graph.Each(rows), Of: []fact.Def{
			State.Means(fact.None, "Where the guest stands: idle, starting, running, pausing, exited, failed, stopping, stopped. While its QEMU runs and the guest does not: suspended, or paused with the reason, such as `paused: no space on /srv/vm`."),
			Exit.Means(fact.None, "How its QEMU ended last; not there before it did."),
			Restarts.Means(fact.None, "How often it was started again, since the boot; not there before it was."),
			Started.Means(fact.Seconds, "How long QEMU took until the guest ran."),
		}},
	}
}
