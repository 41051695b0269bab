package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of each array.
var (
	State   = fact.Each[string]{Pattern: "array.NAME.state"}
	Device  = fact.Each[string]{Pattern: "array.NAME.device"}
	Members = fact.Each[[]string]{Pattern: "array.NAME.members"}
	Missing = fact.Each[[]int]{Pattern: "array.NAME.missing"}
	Active  = fact.Each[int]{Pattern: "array.NAME.active"}
	Failed  = fact.Each[int]{Pattern: "array.NAME.failed"}
	Spare   = fact.Each[int]{Pattern: "array.NAME.spare"}
	Action  = fact.Each[string]{Pattern: "array.NAME.action"}
	Percent = fact.Each[int]{Pattern: "array.NAME.percent"}
	// Unclaimed is told when an array starts, and when disks come and go.
	Unclaimed = fact.One[[]string]{Name: "array.unclaimed"}
)

func facts() []graph.Facts {
	rows := func(d *spec.Description) []string { return graph.Names(d.Array) }
	return []graph.Facts{
		{Rows: graph.Each(rows), Of: []fact.Def{
			State.Means(fact.None, "How the array is: ok, degraded, rebuilding, failed, or refused where it was not started."),
			Device.Means(fact.None, "The block device that it runs as."),
			Members.Means(fact.None, "Its members: the device, its slot (-1 for a spare, and for a journal) and its state in the driver's words."),
			Missing.Means(fact.None, "The slots without a member in sync."),
			Active.Means(fact.None, "How many members are in sync."),
			Failed.Means(fact.None, "How many members the driver calls faulty."),
			Spare.Means(fact.None, "How many members are spare, those that are being filled among them."),
			Action.Means(fact.None, "What it is busy with: idle, recover (a rebuild), resync, check, repair, reshape."),
			Percent.Means(fact.Percent, "How far that has come."),
		}},
		{Rows: graph.Where(used), Of: []fact.Def{
			Unclaimed.Means(fact.None, "Members of arrays that the profile does not name, and those that their array does without, with the reason."),
		}},
	}
}
