package meminfo

import (
	"strings"
	"testing"
)

func TestFreeLists(t *testing.T) {
	const zones = `Node 0, zone      DMA
  pages free     2816
        min      160
  pagesets
    cpu: 0
              count: 12
              high:  28
              batch: 7
    cpu: 1
              count: 30
Node 0, zone   Normal
  pagesets
    cpu: 0
              count: 4000
`
	if got := freeLists(strings.NewReader(zones)); got != 4042 {
		t.Errorf("%d pages, want 4042", got)
	}
}
