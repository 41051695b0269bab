package status

import (
	"bufio"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Each octet is answered by what is so then, and only by what the program may know.
func TestFeed(t *testing.T) {
	b := NewBoard(func(report.Event) {})
	program, ours := net.Pipe()
	over := make(chan struct{})
	go func() {
		defer close(over)
		b.Feed(ours, func(e report.Event) (report.Event, bool) {
			e.Message = ""
			return e, e.Name != "secret"
		})
	}()
	_ = program.SetDeadline(time.Now().Add(time.Minute))
	lines := bufio.NewScanner(program)
	ask := func() (got []string) {
		t.Helper()
		if _, err := program.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() && lines.Text() != "" {
			got = append(got, lines.Text())
		}
		return got
	}
	if got := ask(); len(got) != 0 {
		t.Errorf("of nothing it is told %q", got)
	}
	b.Unit(report.Event{Kind: report.KindUnit, Name: "lan", State: "failed", Message: "why"}, false)
	b.Fact(fact.One[string]{Name: "secret"}.Is("word"))
	b.Fact(fact.One[int]{Name: "open"}.Is(1))
	want := []string{`{"kind":"unit","uptime":0,"name":"lan","state":"failed"}`, `{"kind":"fact","uptime":0,"name":"open","value":1}`}
	if got := ask(); !slices.Equal(got, want) {
		t.Errorf("it is told %q, want %q", got, want)
	}
	program.Close()
	<-over
}
