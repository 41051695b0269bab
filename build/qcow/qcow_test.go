package qcow_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/extent/extenttest"
	"github.com/imgbuild/imgbuild/build/qcow"
)

func convert(t *testing.T, disk *extent.Image) *extent.Image {
	t.Helper()
	image, err := qcow.New(disk)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestQEMUReadsTheSameDisk(t *testing.T) {
	for name, disk := range map[string]*extent.Image{
		"zero":     extent.New(5 << 20),
		"odd":      extenttest.Disk(3<<20 + 512),
		"usual":    extenttest.Disk(106 << 20),
		"terabyte": extenttest.Disk(1 << 40), // more than one cluster of L1 entries
	} {
		t.Run(name, func(t *testing.T) {
			path := extenttest.Write(t, convert(t, disk), "disk.qcow2")
			extenttest.Check(t, "qcow2", path)
			extenttest.Compare(t, disk, "qcow2", path)
		})
	}
}

func TestWrittenTwiceTheBytesAreEqual(t *testing.T) {
	disk := extenttest.Disk(106 << 20)
	if !extenttest.Same(t, convert(t, disk), convert(t, disk)) {
		t.Error("they differ")
	}
	// The same disk read back from a file, whose holes lie elsewhere.
	f, err := os.Open(extenttest.Write(t, disk, "disk.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	again, err := extent.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if !extenttest.Same(t, convert(t, disk), convert(t, again)) {
		t.Error("made of the file, they differ")
	}
}

func TestFaults(t *testing.T) {
	for _, size := range []int64{0, 1000} {
		if _, err := qcow.New(extent.New(size)); err == nil || !strings.Contains(err.Error(), "bytes are no whole sectors") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	cut := extent.New(1 << 20)
	cut.Place(0, io.NewSectionReader(strings.NewReader("short"), 0, 4096))
	if _, err := qcow.New(cut); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
