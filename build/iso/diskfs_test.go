package iso_test

import (
	"io"
	"testing"

	"github.com/diskfs/go-diskfs"
)

// go-diskfs, which shares no code with our writer, reads the CD's file system.
func TestDiskfsReadsTheISO(t *testing.T) {
	path, _ := write(t, config(t))
	d, err := diskfs.Open(path, diskfs.WithOpenMode(diskfs.ReadOnly), diskfs.WithSectorSize(diskfs.SectorSize(2048)))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	fsys, err := d.GetFilesystem(0)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fsys.OpenFile("/README.txt", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil || string(text) != "read me\n" {
		t.Errorf("README.txt is %.20q, %v", text, err)
	}
}
