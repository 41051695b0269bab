package kmod_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
)

// BenchmarkSets measures what each driver set, and those of a headless machine
// together, add to an image.
func BenchmarkSets(b *testing.B) {
	dir, x := realTree(b)
	groups := map[string][]string{
		"six":      {"virtio", "server-nic", "ahci", "nvme", "scsi", "usb"},
		"headless": {"virtio", "server-nic", "ahci", "nvme", "scsi", "usb", "watchdog", "hwrng"},
	}
	for _, set := range kmod.Sets() {
		groups[set.Name] = []string{set.Name}
	}
	for name, sets := range groups {
		var wants []kmod.Want
		for _, set := range sets {
			w, err := kmod.SetWants(set)
			if err != nil {
				b.Fatal(err)
			}
			wants = append(wants, w...)
		}
		if name == "headless" {
			for _, fs := range []string{"ext4", "vfat", "isofs", "squashfs", "loop", "overlay", "bonding", "8021q", "bridge"} {
				wants = append(wants, kmod.Want{Name: fs, Optional: true})
			}
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				raw, packed, n := pack(b, dir, x, wants)
				b.ReportMetric(float64(raw)/1e6, "raw-MB")
				b.ReportMetric(float64(packed)/1e6, "zstd-MB")
				b.ReportMetric(float64(n), "modules")
			}
		})
	}
}

func pack(b testing.TB, dir string, x *kmod.Index, wants []kmod.Want) (raw, packed int64, n int) {
	picks, err := x.Closure(wants)
	if err != nil {
		b.Fatal(err)
	}
	var files []tree.File
	for _, p := range picks {
		files = append(files, tree.File{Path: "lib/modules/" + x.Release + "/" + p.Path, Mode: 0o644, Size: p.Size,
			From: tree.Source{Store: "kernel", Path: p.Name}})
		raw += p.Size
	}
	for name, body := range x.Tables(picks) {
		files = append(files, tree.File{Path: "lib/modules/" + x.Release + "/" + name, Mode: 0o644, Body: body, Size: int64(len(body))})
	}
	var out counter
	w, err := cpio.Compress(&out, cpio.Zstd, cpio.Best)
	if err != nil {
		b.Fatal(err)
	}
	err = cpio.Write(w, files, time.Unix(0, 0), func(f tree.File) (io.ReadCloser, error) {
		m, _ := x.Lookup(f.From.Path)
		return os.Open(filepath.Join(dir, x.Source(m)))
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return raw, int64(out), len(picks)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
