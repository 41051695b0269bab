package limits

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Usages come through the socket as JSON.
func TestLimitsTable(t *testing.T) {
	var events []report.Event
	for _, u := range []cgroup.Usage{
		{Name: "user ann", Tasks: 300, TasksLimit: 300, Memory: 70 << 20, MemoryLimit: 210 << 20, Refused: 5120, Ended: 1},
		{Name: "service smbd", Tasks: 4, Memory: 30<<20 + 1},
	} {
		b, err := json.Marshal(report.Event{Kind: report.KindFact, Name: u.Name, Value: u})
		if err != nil {
			t.Fatal(err)
		}
		e, err := report.ParseEvent(b)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	var out strings.Builder
	if status := writeLimits(&out, events); status != 0 {
		t.Errorf("status %d", status)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := "PROCESSES MEMORY, MIB REFUSED, ENDED|user ann 300 of 300 70 of 210 5120, 1|service smbd 4 30"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q\nwant %q", strings.Join(got, "|"), want)
	}
}
