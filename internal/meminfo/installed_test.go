package meminfo

import (
	"strings"
	"testing"
)

func TestSystemRAM(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0,
		`00000000-00000fff : Reserved
00001000-0009fbff : System RAM
000a0000-000bffff : PCI Bus 0000:00
00100000-09fdffff : System RAM
  01000000-01e00f27 : Kernel code
  02000000-023a3fff : System RAM
100000000-1ffffffff : System RAM
`: 0x9ec00 + 0x9ee0000 + 1<<32,
	} {
		if got, err := systemRAM(strings.NewReader(text)); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	if got, err := systemRAM(strings.NewReader("unknown : System RAM\n")); err == nil {
		t.Errorf("a range that is none: %d", got)
	}
}
