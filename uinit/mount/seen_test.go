package mount

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// A device is read once for all rows that look for something, and again when it was written to or could not be read.
func TestSeenOnce(t *testing.T) {
	file := fileSystemOf(t, "mke2fs", "-q", "-t", "ext4", "-L", "data")
	sys := fstest.MapFS{}
	put := func(name, text string) { sys["class/block/vda/"+name] = &fstest.MapFile{Data: []byte(text + "\n")} }
	for name, text := range map[string]string{"size": "32768", "diskseq": "1", "stat": "0 0 0 0 0 0 0 0 0 0 0 0", "queue/iostats": "1", "bdi/x": ""} {
		put(name, text)
	}
	opened, broken := 0, error(nil)
	d := Devices{Sys: sys, Seen: &alone.Memo[Seen]{}, Alone: func(string) error { return nil }, Open: func(string) (*os.File, error) {
		if opened++; broken != nil {
			return nil, broken
		}
		return os.Open(file)
	}}
	find := func(label, want string, opens int) {
		t.Helper()
		if got, _, err := d.Find(Wanted{Label: label}); got != want || err != nil || opened != opens {
			t.Errorf("%s: %q, %v after %d opens; want %q after %d", label, got, err, opened, want, opens)
		}
	}
	find("data", "/dev/vda", 1)
	find("other", "", 1)
	find("data", "/dev/vda", 1)
	tool(t, "debugfs", "-w", "-R", "ssv volume_name other", file)
	put("stat", "0 0 0 0 1 0 8 0 0 0 0 0")
	find("other", "/dev/vda", 2)
	put("stat", "0 0 0 0 2 0 8 0 0 0 0 0")
	broken = errors.New("bad sector")
	find("other", "", 3)
	find("other", "", 4)
	broken = nil
	find("other", "/dev/vda", 5)
	file = filepath.Join(t.TempDir(), "none")
	if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	put("diskseq", "2")
	find("other", "", 6)
	find("other", "", 6) // a device's end is no error
}
