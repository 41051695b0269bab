package qemu_tests

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

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
