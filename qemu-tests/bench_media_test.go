package qemu_tests

import (
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/internal/bench"
)

// What a disk and an ISO add to a rebuild, what a disk takes on disk, and how fast it gets onto a
// stick beside dd.
func TestBenchMedia(t *testing.T) {
	b := benchmark(t)
	w := newWorkshop(t)
	w.imgbuild("build", "box.toml", "--format", "kernel", "--format", "disk", "--format", "iso")
	rebuild := func(formats ...string) func() (float64, error) {
		return func() (float64, error) {
			// Each has its own change: the one must not find what the other packed.
			w.write("box.toml", "extends = \"headless\"\nhostname = \"box"+rand.Text()+"\"\n")
			return w.imgbuild(append([]string{"build", "box.toml"}, formats...)...).Wall.Seconds(), nil
		}
	}
	times, err := bench.Interleave(5, rebuild("--format", "kernel"), rebuild("--format", "kernel", "--format", "disk", "--format", "iso"))
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{Name: "disk and ISO add to a rebuild", Value: bench.Median(times[1]) - bench.Median(times[0]), Bound: 0.5, Unit: "s"})

	image := filepath.Join(w.dir, "out/box/box.img")
	payload := sizeOf(t, filepath.Join(w.dir, "out/box/box-kernel")) + sizeOf(t, filepath.Join(w.dir, "out/box/box-initrd.img"))
	b.add(bench.Figure{Name: "disk image, allocated", Value: float64(allocated(t, image)) / float64(payload), Bound: 1.3, Unit: "of its payload"})

	// Into files that have their blocks already, so that both only write.
	const large = 512 << 20
	source, target := filepath.Join(w.home, "large.img"), filepath.Join(w.home, "target")
	w.must(exec.Command("cp", "--sparse=never", image, source))
	fill(t, source, large)
	fill(t, target, large)
	run := func(name string, args ...string) func() (float64, error) {
		return func() (float64, error) {
			u, err := bench.Run(exec.Command(name, args...))
			return u.Wall.Seconds(), err
		}
	}
	rates, err := bench.Interleave(5,
		run(w.program, "flash", "--quiet", "--yes", "--no-compare", source, target),
		run("dd", "if="+source, "of="+target, "bs=4M", "conv=notrunc,fsync", "status=none"))
	if err != nil {
		t.Fatal(err)
	}
	// The rate is one over the time: least is what the bound is about, so the inverse is bounded.
	b.add(bench.Figure{Name: "flash, time to write", Value: bench.Ratio(rates[0], rates[1]), Bound: 1 / 0.9, Unit: "of dd's"})
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// allocated is in bytes; st_blocks counts 512 of them whatever the file system (stat(2)).
func allocated(t *testing.T, path string) int64 {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

// fill makes a file size bytes long; what it adds is random, so no file system saves on it.
func fill(t *testing.T, path string, size int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	at, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = io.CopyN(f, rand.Reader, size-at)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
