package disk_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/diskfs/go-diskfs"
)

// go-diskfs, which shares no code with our writer of FAT, finds the files on the system partition.
func TestDiskfsReadsTheSystemPartition(t *testing.T) {
	path, _ := write(t, config(t))
	d, err := diskfs.Open(path, diskfs.WithOpenMode(diskfs.ReadOnly))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	esp, err := d.GetFilesystem(2)
	if err != nil {
		t.Fatal(err)
	}
	f, err := esp.OpenFile("/site.toml", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	// Its Read may go on past the end of a file, up to that of the cluster.
	if err != nil || !bytes.HasPrefix(text, []byte("# empty\n")) {
		t.Errorf("site.toml is %.20q, %v", text, err)
	}
}
