package vhd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/extent/extenttest"
	"github.com/imgbuild/imgbuild/build/vhd"
)

func convert(t *testing.T, disk *extent.Image) *extent.Image {
	t.Helper()
	image, err := vhd.New(disk, [16]byte{1, 2, 3}, time.Unix(1700000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// TestQEMUReadsTheSameDisk at sizes in each branch of the geometry.
func TestQEMUReadsTheSameDisk(t *testing.T) {
	for _, mib := range []int64{1, 7, 106, 505, 600} {
		disk := extenttest.Disk(mib << 20)
		extenttest.Compare(t, disk, "vpc", extenttest.Write(t, convert(t, disk), "disk.vhd"))
	}
}

func TestLargeDisksKeepTheirSize(t *testing.T) {
	for _, size := range []int64{40 << 30, 130 << 30, 2000 << 30} {
		path := extenttest.Write(t, convert(t, extenttest.Disk(size)), "disk.vhd")
		if got := extenttest.VirtualSize(t, "vpc", path); got != size {
			t.Errorf("%d bytes are %d", size, got)
		}
	}
}

func TestWrittenTwiceTheBytesAreEqual(t *testing.T) {
	disk := extenttest.Disk(20 << 20)
	if !extenttest.Same(t, convert(t, disk), convert(t, disk)) {
		t.Error("they differ")
	}
}

func TestOddSizesAreRefused(t *testing.T) {
	for size, want := range map[int64]string{0: "no multiple of 1 MiB", 1<<20 + 512: "no multiple of 1 MiB", 2041 << 30: "more than 2190433320960"} {
		if _, err := vhd.New(extent.New(size), [16]byte{}, time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
