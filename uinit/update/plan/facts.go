package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of versions.
var (
	Slot      = fact.One[string]{Name: "update.slot"}
	State     = fact.One[string]{Name: "update.state"}
	Other     = fact.One[string]{Name: "update.other_state"}
	OtherIs   = fact.One[string]{Name: "update.other_version"}
	Failed    = fact.One[string]{Name: "update.failed"}
	Available = fact.One[string]{Name: "update.available"}
	Fetched   = fact.One[int64]{Name: "update.fetched_bytes"}
	// StateFormat is told where state.path lies on a disk.
	StateFormat = fact.One[int]{Name: "update.state_format"}
	Doing       = fact.One[string]{Name: "update.doing"}
)

func facts() []graph.Facts {
	return []graph.Facts{{Rows: graph.Where(used), Of: []fact.Def{
		Slot.Means(fact.None, "The slot that the box was started from: a or b; not there where it was started from something else."),
		State.Means(fact.None, "What is known of the version that runs: trying or good; next where kexec started it, bad where neither is good."),
		Other.Means(fact.None, "What is in the other slot: empty, writing, next, trying, good or bad."),
		OtherIs.Means(fact.None, "The version that is in the other slot."),
		Failed.Means(fact.None, "Which version failed last, and why; empty where none did, or where another one has taken its place."),
		Available.Means(fact.None, "The newer version that the source has; empty where it has none."),
		Fetched.Means(fact.Bytes, "How much of the last version that was written had to be fetched; the rest was on the disk."),
		StateFormat.Means(fact.None, "How what lies below state.path is written; a later version may have left a higher number than this one knows."),
		Doing.Means(fact.None, "What an update is at: fetching and writing a version, proving one, waiting for the window; empty where it is idle."),
	}}}
}
