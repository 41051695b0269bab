package vmdk_test

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/extent/extenttest"
	"github.com/imgbuild/imgbuild/build/vmdk"
)

func convert(t *testing.T, disk *extent.Image) *extent.Image {
	t.Helper()
	image, err := vmdk.New(disk, "disk.vmdk", 0x12345678)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestQEMUReadsTheSameDisk(t *testing.T) {
	for name, disk := range map[string]*extent.Image{
		"zero":  extent.New(5 << 20),
		"small": extenttest.Disk(3 << 20),
		"usual": extenttest.Disk(106 << 20),
		"large": extenttest.Disk(10 << 30),
	} {
		t.Run(name, func(t *testing.T) {
			path := extenttest.Write(t, convert(t, disk), "disk.vmdk")
			extenttest.Check(t, "vmdk", path)
			extenttest.Compare(t, disk, "vmdk", path)
		})
	}
}

func TestWrittenTwiceTheBytesAreEqual(t *testing.T) {
	disk := extenttest.Disk(106 << 20)
	if !extenttest.Same(t, convert(t, disk), convert(t, disk)) {
		t.Error("they differ")
	}
}

func TestFaults(t *testing.T) {
	for _, size := range []int64{0, 1<<20 + 512} {
		if _, err := vmdk.New(extent.New(size), "x", 1); err == nil || !strings.Contains(err.Error(), "no multiple of 64 KiB") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := vmdk.New(extent.New(1<<20), strings.Repeat("x", 20000), 1); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}
