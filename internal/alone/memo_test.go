package alone

import (
	"errors"
	"testing"
	"testing/fstest"
)

// What was read of a device is read again when the device, or the disk that it lies on, is another one or was written to; and always
// where nobody counts that.
func TestMemo(t *testing.T) {
	const still = "5 0 40 2 9 0 72 1 0 3 3 1 0 0 0 0 0"
	sys := fstest.MapFS{}
	put := func(file, text string) { sys["class/block/"+file] = &fstest.MapFile{Data: []byte(text + "\n")} }
	put("vda/size", "16384")
	put("vda/stat", still)
	put("vda/diskseq", "7")
	put("vda/queue/iostats", "1")
	var memo Memo[int]
	reads := 0
	failed := error(nil)
	read := func() (int, error) { reads++; return reads, failed }
	for _, tt := range []struct {
		name       string
		file, text string
		want       int // of reads
	}{
		{"at first", "vda/size", "16384", 1},
		{"again", "vda/size", "16384", 1},
		{"it was read", "vda/stat", "99 9 999 9 9 0 72 1 0 3 3 1 0 0 0 0 0", 1},
		{"it was written to", "vda/stat", "5 0 40 2 10 0 80 1 0 3 3 1 0 0 0 0 0", 2},
		{"something was discarded", "vda/stat", "5 0 40 2 10 0 80 1 0 3 3 2 0 0 0 0 0", 3},
		{"another size", "vda/size", "32768", 4},
		{"another medium", "vda/diskseq", "8", 5},
		{"again", "vda/diskseq", "8", 5},
		{"nobody counts any more", "vda/queue/iostats", "0", 5},
		{"and another medium", "vda/diskseq", "9", 6},
		{"nor now", "vda/queue/iostats", "0", 7},
		{"a kernel without a number", "vda/diskseq", "", 8},
		{"and with one again", "vda/queue/iostats", "1", 9},
		{"a medium", "vda/diskseq", "10", 10},
		{"another device by its name", "vda/dev", "254:16", 11},
		{"again", "vda/dev", "254:16", 11},
	} {
		put(tt.file, tt.text)
		if got, err := memo.Of(sys, "vda", read); reads != tt.want || got != tt.want || err != nil {
			t.Errorf("%s: %d reads, %d, %v; want %d", tt.name, reads, got, err, tt.want)
		}
	}
	put("vda/diskseq", "11")
	failed = errors.New("bad sector")
	for range 2 {
		if _, err := memo.Of(sys, "vda", read); !errors.Is(err, failed) {
			t.Error("an error is kept to itself")
		}
	}
	failed = nil
	if got, err := memo.Of(sys, "vda", read); reads != 14 || got != 14 || err != nil {
		t.Errorf("after an error: %d reads, %d, %v", reads, got, err)
	}
}
