package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the clock.
var (
	From     = fact.One[string]{Name: "time.from"}
	State    = fact.One[string]{Name: "time.state"}
	Rejected = fact.One[[]string]{Name: "time.rejected"}
	Offset   = fact.One[float64]{Name: "time.offset_seconds"}
	Stratum  = fact.One[int]{Name: "time.stratum"}
	Chosen   = fact.One[[]string]{Name: "time.chosen"}
)

func facts() []graph.Facts {
	asks := func(d *spec.Description) bool {
		return len(d.Time.Servers) > 0 || d.Time.DHCP || d.Allows(spec.SiteTimeServers)
	}
	return []graph.Facts{
		{Of: []fact.Def{
			From.Means(fact.None, "Where the time came from before a server was heard: clock (it was right), rtc, saved, floor (the image's own time)."),
			State.Means(fact.None, "How the clock stands to the time servers: off, unset, synchronized, holdover, panic (they are too far away to be believed), ended."),
			Rejected.Means(fact.None, "Servers that are not believed, each with why."),
		}},
		{Rows: graph.Where(asks), Of: []fact.Def{
			Offset.Means(fact.Seconds, "How far the clock was behind the servers in the last round in which most agreed; negative: ahead."),
			Stratum.Means(fact.None, "How many servers lie between the best server and a reference clock (RFC 5905), and one more."),
			Chosen.Means(fact.None, "The servers that agree, the best one first."),
		}},
	}
}
