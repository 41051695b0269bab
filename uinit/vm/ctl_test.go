package vm

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

func TestWriteGuests(t *testing.T) {
	events := []report.Event{
		{Name: "db", State: "running", Value: line{Memory: 512 << 20, VCPUs: 2, Autostart: true, Restarts: 3, CPU: 12.34, Used: 300 << 20, Read: 9 << 40, Written: 10239, Received: 10240, Sent: 0, Refused: 17}},
		{Name: "twelve_chars", State: "stopping", Message: "it wants 65536 MiB and QEMU 64 MiB", Value: map[string]any{"memory": 1.5 * (1 << 30), "vcpus": 255.0}},
	}
	for _, tt := range []struct {
		figures bool
		want    string
	}{
		{false, `
GUEST        STATE      MEMORY VCPUS AUTOSTART RESTARTS
db           running      512M     2       yes        3
twelve_chars stopping    1536M   255        no        0  it wants 65536 MiB a...
`},
		{true, `
GUEST        STATE         CPU S MEMORY   READ WRITTEN RECEIVED   SENT REFUSED
db           running        12.3   300M  9216G   10239      10K      0      17
twelve_chars stopping        0.0      0      0       0        0      0       0
`},
	} {
		var b strings.Builder
		if err := writeGuests(&b, tt.figures, events); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + b.String(); got != tt.want {
			t.Errorf("%s\nwant%s", got, tt.want)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(line) - 1; n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
	if err := writeGuests(&strings.Builder{}, false, []report.Event{{Value: "text"}}); err == nil {
		t.Error("no error for a guest that is no table")
	}
}

func TestStopLimit(t *testing.T) {
	minute, rows := spec.Duration(time.Minute), map[string]spec.VM{}
	g := &guests{Deps: featuretest.Deps(t, spec.Machine{VM: rows})}
	if got := g.stopLimit(); got != 0 {
		t.Errorf("without guests %v", got)
	}
	rows["a"], rows["b"], rows["c"] = spec.VM{StopTimeout: minute}, spec.VM{StopTimeout: 2 * minute}, spec.VM{Order: 1, StopTimeout: minute}
	if got := g.stopLimit(); got != 3*time.Minute+10*time.Second {
		t.Errorf("two guests together and one alone: %v", got)
	}
}
