package metrics

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/metrics/plan"
)

// Facts as others declare them.
func text(name string) fact.One[string] { return fact.One[string]{Name: name} }
func flag(name string) fact.One[bool]   { return fact.One[bool]{Name: name} }
func number(name string) fact.One[int]  { return fact.One[int]{Name: name} }

// The program is handed sockets and files of the kernel, in the order that it knows, and told no more than it may know.
func TestHandedOver(t *testing.T) {
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}
	d := featuretest.Deps(t, spec.Machine{Metrics: &spec.Metrics{Listen: loopback}})
	f := Linked.New(d)
	if err := f.Step(plan.Name).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	program, place := d.Programs.Beside(plan.Name)
	if program == nil || place != 0 {
		t.Fatalf("the program is %v, at %d", program, place)
	}
	var names []string
	for _, f := range program.Files {
		defer f.Close()
		name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
	}
	if want := []string{"socket", "socket", "/proc/loadavg", "/proc/meminfo", "/proc/stat"}; !slices.Equal(names, want) {
		t.Errorf("it is handed %q, want %q", names, want)
	}

	d.Facts.Unit(report.Event{Kind: report.KindUnit, Name: "mount:/srv", State: "failed", Message: "wrong password of volume a"}, false)
	for _, f := range []fact.Fact{
		text("boot.state").Is("degraded"), flag("link.bond0.20.carrier").Is(true), text("link.lan.mac").Is("52:54:00:12:34:56"), number("array.data.active").Is(2),
		text("array.unclaimed").Is("vdb"), text("ssh.host_key").Is("SHA256:x"), flag("carrier").Is(true),
	} {
		d.Facts.Fact(f)
	}
	theirs, ours := net.Pipe()
	defer theirs.Close()
	go program.Feed(ours)
	_ = theirs.SetDeadline(time.Now().Add(time.Minute))
	if _, err := theirs.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for lines := bufio.NewScanner(theirs); lines.Scan() && lines.Text() != ""; {
		got = append(got, lines.Text())
	}
	want := []string{
		`{"kind":"unit","uptime":0,"name":"mount:/srv","state":"failed"}`,
		`{"kind":"fact","uptime":0,"name":"array.data.active","value":2}`,
		`{"kind":"fact","uptime":0,"name":"boot.state","value":"degraded"}`,
		`{"kind":"fact","uptime":0,"name":"link.bond0.20.carrier","value":true}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("it is told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
