package qemu_tests

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/report"
)

// What a hypervisor that runs no guest holds in memory: that much less is there for guests.
func TestBenchHypervisor(t *testing.T) {
	b := benchmark(t)
	g := shipped(t, "hypervisor").boots(t)
	s := until(t, g, "the end of the boot", func(s *report.State) bool { return s.Boot != nil && s.Facts["memory.used_bytes"].Value != nil })
	used, _ := s.Facts["memory.used_bytes"].Value.(float64)
	b.add(bench.Figure{Name: "hypervisor: memory in use without guests", Value: used / 1e6, Bound: 80, Unit: "MB", Note: "the image's files included"})
	off(t, g)
}
