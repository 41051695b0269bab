package qemu_tests

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// oracle boots a guest that has mdadm and the program that compares us with it.
func oracle(t *testing.T) *qemu.Guest {
	t.Helper()
	a := extended(t, `
[kernel]
package = "linux-image-cloud-amd64"
modules = ["md-mod", "loop", "linear", "raid0", "raid1", "raid10", "raid456"]
[image]
overlays = ["headless", "files"]
[packages.mdadm]
files = ["/sbin/mdadm"]
[packages.fdisk]
files = ["/sbin/sfdisk"]
[run]
memory = "768M"
`, map[string]string{"files/usr/bin/mdoracle": string(compiled(t, "./mdoracle"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	g := startFor(t, vm.Config, 30*time.Minute)
	until(t, g, "the end of the boot", isBooted)
	return g
}

// Arrays of every level and version that mdadm made are started or refused as mdadm would, with the same
// data; what is in doubt is refused; noise on disks is left alone.
func TestArraysLikeMdadm(t *testing.T) {
	t.Parallel()
	long(t) // others make, break and repair arrays
	g := oracle(t)
	seen := map[string]int{}
	for _, what := range [][]string{{"matrix", "1.2"}, {"noise"}, {"matrix", "1.1"}, {"matrix", "1.0"}, {"matrix", "0.90"}} {
		reply, err := g.Request(t.Context(), report.Request{Command: append([]string{"/usr/bin/mdoracle"}, what...), Timeout: 900})
		if err != nil || reply.Exit == nil || *reply.Exit != 0 {
			t.Errorf("mdoracle %s: %+v, %v", what, reply, err)
		}
		count, seconds := 0, 0.0
		for lines := bufio.NewScanner(strings.NewReader(reply.Output)); lines.Scan(); {
			var f struct {
				Case, Got, Reason, Wrong string
				Seconds                  float64
			}
			if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
			seen[f.Got]++
			count++
			seconds += f.Seconds
			if f.Wrong != "" {
				t.Errorf("%s: %s: %s (%s)", f.Case, f.Wrong, f.Got, f.Reason)
			}
			if f.Got == "none" {
				t.Logf("%s does not exist: %s", f.Case, f.Reason)
			}
		}
		t.Logf("%s: %d cases in %.0f s", strings.Join(what, " "), count, seconds)
		// Seven levels in eight states and on two kinds of partitions, and two with members of unequal size.
		if what[0] == "matrix" && count != 7*10+2 {
			t.Errorf("%d cases of version %s were tried", count, what[1])
		}
	}
	t.Logf("%v", seen)
}

// Assembling takes no longer than mdadm takes.
func TestBenchArrays(t *testing.T) {
	b := benchmark(t)
	g := oracle(t)
	benchArrays(t, b, g)
}
