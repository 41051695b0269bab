package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What the root tells.
var (
	Image       = fact.One[string]{Name: "version"}
	Version     = fact.One[string]{Name: "uinit.version"}
	Kernel      = fact.One[string]{Name: "kernel.release"}
	Crashes     = fact.One[int]{Name: "uinit.crashes"}
	Crash       = fact.One[string]{Name: "uinit.crash"}
	BootState   = fact.One[string]{Name: "boot.state"}
	BootSeconds = fact.One[float64]{Name: "boot.seconds"}
	MemoryUsed  = fact.One[int64]{Name: "memory.used_bytes"}
	// Stop is told of each step of the way down as it is done; blanks in its name are underscores here.
	Stop = fact.Each[float64]{Pattern: "stop.STEP"}
)

func facts() []graph.Facts {
	anyStep := func(*spec.Description) []string { return []string{"*"} }
	return []graph.Facts{
		{Of: []fact.Def{
			Image.Means(fact.None, "The version of the image: the profile's, or its time and a hash of what is in it."),
			Version.Means(fact.None, "The version of uinit."),
			Kernel.Means(fact.None, "The kernel's release, as uname -r prints it."),
			Crashes.Means(fact.None, "How often uinit's worker has crashed since the kernel started; not there if it never did."),
			Crash.Means(fact.None, "How it crashed last."),
			BootState.Means(fact.None, "ok, or degraded as long as a unit has failed or is late; not there before all units have an outcome."),
			BootSeconds.Means(fact.Seconds, "How long the kernel had run when every unit had an outcome."),
			MemoryUsed.Means(fact.Bytes, "Memory that programs, the kernel and files in memory held at that time."),
		}},
		{Rows: graph.Each(anyStep), Of: []fact.Def{
			Stop.Means(fact.Seconds, "How long a step of the way down took."),
		}},
	}
}
