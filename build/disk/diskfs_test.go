package disk_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/diskfs/go-diskfs"
	diskgpt "github.com/diskfs/go-diskfs/partition/gpt"
)

// go-diskfs, which shares no code with our writers, finds the partitions and the
// files on them.
func TestDiskfsReadsTheDisk(t *testing.T) {
	path, want := write(t, config(t))
	d, err := diskfs.Open(path, diskfs.WithOpenMode(diskfs.ReadOnly))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	table, err := d.GetPartitionTable()
	if err != nil {
		t.Fatal(err)
	}
	found, ok := table.(*diskgpt.Table)
	if !ok {
		t.Fatalf("a table of type %T", table)
	}
	for i, p := range want.Partitions {
		got := found.Partitions[i]
		if got.Start != uint64(p.Start) || got.Size != uint64(p.Bytes()) || got.Name != p.Name || !strings.EqualFold(got.GUID, p.GUID.String()) {
			t.Errorf("partition %d is %+v, want %+v", i+1, got, p)
		}
	}
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
