package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// events reads a report as it was received.
func events(t testing.TB, name string) []report.Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	log := report.NewLog()
	if err := log.Read(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if s := log.State(); s.Broken > 0 {
		t.Fatal(s.Bad)
	}
	return log.State().Events
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s (go test -update rewrites it):\n%s", path, got)
	}
}

func TestGolden(t *testing.T) {
	b := New(events(t, "boot.jsonl"))
	var text, picture, again strings.Builder
	if err := errors.Join(b.WriteBlame(&text), b.WriteSVG(&picture, "nas"), New(events(t, "boot.jsonl")).WriteSVG(&again, "nas")); err != nil {
		t.Fatal(err)
	}
	golden(t, "boot.txt", text.String())
	golden(t, "boot.svg", picture.String())
	if picture.String() != again.String() {
		t.Error("the same events give another picture")
	}
	for line := range strings.Lines(text.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestNew(t *testing.T) {
	unit := func(at float64, name, state string, took float64) report.Event {
		return report.Event{Kind: report.KindUnit, Uptime: at, Name: name, State: state, Seconds: took}
	}
	b := New([]report.Event{
		{Kind: report.KindHello, Uptime: 1, Name: "v1", Message: "6.1"},
		unit(1, "slow", "running", 0),
		unit(1.5, "whole", "ok", 0.25), // its beginning was lost
		{Kind: report.KindLate, Uptime: 3, Name: "slow", State: "late", Seconds: 2, Message: "waiting: x"},
		{Kind: report.KindBoot, Uptime: 4, State: "degraded"},
		unit(4.5, "slow", "ok", 3.5),
		unit(900, "very", "failed", 800),
		{Kind: report.KindDone, Uptime: 901, State: "poweroff"},
	})
	want := Boot{
		Kernel: "6.1", Uinit: "v1", Init: 1, Settled: 4, State: "degraded", End: 5,
		Units: []Unit{
			{Name: "slow", Start: 1, End: 4.5, Outcome: OK, Overdue: 3},
			{Name: "whole", Start: 1.25, End: 1.5, Outcome: OK},
			{Name: "very", Start: 5, End: 5, Outcome: Failed},
		},
	}
	if b.Kernel != want.Kernel || b.Uinit != want.Uinit || b.Init != want.Init || b.Settled != want.Settled || b.State != want.State || b.End != want.End {
		t.Errorf("got %+v", b)
	}
	for i, u := range b.Units {
		if u != want.Units[i] {
			t.Errorf("unit %d: %+v, want %+v", i, u, want.Units[i])
		}
	}
	if len(b.Marks) != 1 || b.Marks[0] != (Mark{"boot degraded", 4}) {
		t.Errorf("marks %+v", b.Marks)
	}
	// A guest that died early has a chart, too.
	cut := New([]report.Event{unit(1, "a", "running", 0), {Kind: report.KindFact, Uptime: 3, Name: "x"}})
	if cut.Units[0].Outcome != Running || cut.Units[0].Seconds() != 2 || cut.Settled != 0 {
		t.Errorf("cut short: %+v", cut)
	}
}

func TestChain(t *testing.T) {
	b := New(events(t, "boot.jsonl"))
	var names []string
	for _, u := range b.Chain() {
		names = append(names, u.Name)
	}
	if got, want := strings.Join(names, " "), "modules sysctl link:lan2 link:bond0 link:br20 online:br20 service:smb"; got != want {
		t.Errorf("chain: %s, want %s", got, want)
	}
}

func TestTicks(t *testing.T) {
	for end, want := range map[float64]float64{0: 0.0002, 0.8: 0.1, 4: 0.5, 5.3: 1, 9: 2, 60: 10, 100: 20, 500: 100} {
		if got := tick(end); got != want {
			t.Errorf("tick(%v) = %v, want %v", end, got, want)
		}
	}
	for at, want := range map[float64]string{0: "0 s", 0.5: "0.5 s", 10: "10 s", 0.001: "0.001 s", 100: "100 s"} {
		if got := tickLabel(at); got != want {
			t.Errorf("label of %v: %q, want %q", at, got, want)
		}
	}
}

// Whatever a guest reports, the picture is well-formed and nothing hangs.
func FuzzChart(f *testing.F) {
	f.Add([]byte(`{"kind":"hello","uptime":1}` + "\n" + `{"kind":"unit","name":"<a&\u0000>","state":"late","uptime":-5,"seconds":1e300}`))
	f.Add([]byte(`{"kind":"unit","name":"a","uptime":2}` + "\n" + `{"kind":"boot","uptime":-1}` + "\n" + `{"kind":"done"}`))
	f.Fuzz(func(t *testing.T, stream []byte) {
		log := report.NewLog()
		_ = log.Read(bytes.NewReader(stream))
		b := New(log.State().Events)
		var picture bytes.Buffer
		if err := errors.Join(b.WriteSVG(&picture, "x"), b.WriteBlame(io.Discard)); err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(&picture); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in the picture of %q", err, stream)
			}
		}
	})
}
