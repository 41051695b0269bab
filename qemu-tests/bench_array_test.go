package qemu_tests

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Sizes of a NAS's initramfs, and the memory it takes when nobody uses it.
func TestBenchNAS(t *testing.T) {
	b := benchmark(t)
	for _, nas := range []struct {
		profile string
		bound   float64
	}{{"bench-nas", 30}, {"bench-nas-smb", 60}} {
		a := built(t, "testdata/"+nas.profile+".toml")
		info, err := os.Stat(a.options.Initrd)
		if err != nil {
			t.Fatal(err)
		}
		b.add(bench.Figure{Name: "initramfs, " + nas.profile, Value: float64(info.Size()) / 1e6, Bound: nas.bound, Unit: "MB"})
		g := a.boots(t)
		s := until(t, g, "the shares", func(s *report.State) bool { return s.Boot != nil && s.Units["share:nfs"].State == "ok" })
		used, _ := s.Facts["memory.used_bytes"].Value.(float64)
		b.add(bench.Figure{Name: "memory at rest, " + nas.profile, Value: used / 1e6, Unit: "MB"})
		g.Kill()
	}
}

func benchArrays(t *testing.T, b *benched, g *qemu.Guest) {
	for _, disks := range []int{2, 12} {
		reply, err := g.Request(t.Context(), report.Request{Command: []string{"/usr/bin/mdoracle", "bench", fmt.Sprint(disks)}, Timeout: 120})
		var took struct{ Ours, Theirs float64 }
		if err != nil || json.Unmarshal([]byte(reply.Output), &took) != nil || took.Theirs == 0 {
			t.Fatalf("%+v, %v", reply, err)
		}
		b.add(bench.Figure{Name: fmt.Sprintf("assembling an array of %d disks", disks), Value: took.Ours / took.Theirs, Bound: 1.2,
			Unit: "of mdadm --assemble --scan", Note: fmt.Sprintf("%.0f ms, mdadm %.0f ms", 1000*took.Ours, 1000*took.Theirs)})
	}
}
