package update

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// How fast a version of 20 MB is written to its slot, beside dd past the page cache, into files that have their blocks already. What
// comes from a file is read, hashed and written; reading it back and comparing comes on top, and is measured beside the writing.
func TestBenchWrite(t *testing.T) {
	bench.Skip(t)
	b := newBox(t)
	dir, err := os.MkdirTemp("/var/tmp", "bench") // past the page cache: no tmpfs
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var parts [][]byte
	for i := range 20 {
		parts = append(parts, piece(fmt.Sprint(i), 1<<20))
	}
	update := image(t, "2026.49", nil, parts...)
	source, target, other := filepath.Join(dir, "x.update"), filepath.Join(dir, "b"), filepath.Join(dir, "dd")
	for name, content := range map[string][]byte{source: update, source + slot.SignatureSuffix: []byte("signed"), target: make([]byte, len(update)+1<<20), other: make([]byte, len(update)+1<<20)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.on.slots[slot.B] = target
	from, err := b.open(t.Context(), source, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.look(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	writes := func() (float64, error) {
		begin := time.Now()
		err := b.fill(t.Context(), from, o, false, quiet)
		return time.Since(begin).Seconds(), err
	}
	reads := func() (float64, error) {
		begin := time.Now()
		err := verify(t.Context(), target, o.text, o.Manifest)
		return time.Since(begin).Seconds(), err
	}
	dd := func() (float64, error) {
		begin := time.Now()
		out, err := exec.Command("dd", "if="+source, "of="+other, "bs=1M", "oflag=direct", "conv=notrunc,fsync", "status=none").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("dd: %w: %s", err, out)
		}
		return time.Since(begin).Seconds(), err
	}
	samples, err := bench.Interleave(21, dd, writes, reads)
	if err != nil {
		t.Fatal(err)
	}
	f := bench.Figure{Name: "a version of 20 MB, time to write", Value: bench.Ratio(samples[1], samples[0]), Bound: 1 / 0.8, Unit: "of dd's",
		Note: fmt.Sprintf("%.0f ms, dd %.0f ms; reading it back %.0f ms", 1000*bench.Median(samples[1]), 1000*bench.Median(samples[0]), 1000*bench.Median(samples[2]))}
	bench.Hold(t, f)
}
