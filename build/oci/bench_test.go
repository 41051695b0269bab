package oci

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// How long a layer of some hundred MB takes until all its names are judged and its contents can be read, beside tar, which lays it out.
// At 70 % of tar's rate it takes 1.43 times as long.
func TestBenchUnpack(t *testing.T) {
	bench.Skip(t)
	tar, dir := needed.Program(t, "tar"), t.TempDir()
	file := filepath.Join(dir, "layer.tar.gz")
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tar, "-C", strings.TrimSpace(string(root)), "-czf", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	l := layer{open: func(context.Context) (io.ReadCloser, error) { return os.Open(file) }}
	size := l.learn(t)
	n := 0
	fresh := func() string {
		n++
		return filepath.Join(dir, fmt.Sprint(n))
	}
	samples, err := bench.Interleave(4, func() (float64, error) {
		at := fresh()
		if err := os.Mkdir(at, 0o755); err != nil {
			return 0, err
		}
		defer os.RemoveAll(at)
		begin := time.Now()
		err := exec.Command(tar, "-C", at, "-xzf", file).Run()
		return time.Since(begin).Seconds(), err
	}, func() (float64, error) {
		at := fresh()
		defer os.Remove(at)
		begin := time.Now()
		f, _, err := l.spread(t.Context(), at, func(int64) {})
		if err != nil {
			return 0, err
		}
		defer f.Close()
		_, err = judged(f, true, 0)
		return time.Since(begin).Seconds(), err
	})
	if err != nil {
		t.Fatal(err)
	}
	least, most := bench.Spread(samples[1])
	figure := bench.Figure{Name: "unpacking a layer, by tar's time", Value: bench.Ratio(samples[1], samples[0]), Bound: 1.43,
		Note: fmt.Sprintf("%.2f to %.2f s for %.0f MB; tar %.2f s", least, most, float64(size)/1e6, bench.Median(samples[0]))}
	bench.Hold(t, figure)
}

// learn gives a layer the digest and size that it has, and returns how many bytes it is unpacked.
func (l *layer) learn(t *testing.T) (size int64) {
	t.Helper()
	r, err := l.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	z, err := plain(r)
	if err != nil {
		t.Fatal(err)
	}
	d := digest.SHA256.Digester()
	if size, err = io.Copy(d.Hash(), z); err != nil {
		t.Fatal(err)
	}
	l.id = d.Digest()
	return size
}
