package md

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// A shelf of slow disks takes as long as a few of them, and they are told in their order.
func TestLookSideBySide(t *testing.T) {
	const n, shelf, slow = 16384, 5 * arms, time.Second
	marks, sectors := map[string]map[int64][]byte{}, map[string]int64{}
	for i := range shelf {
		name := fmt.Sprintf("sd%02d", i)
		marks[name] = map[int64][]byte{4096: made{slot: i, number: i, events: 20, roles: []int{0, 1}, level: 1, slots: shelf, uuid: 9, name: "box:data"}.super()}
		sectors[name] = n
	}
	disks := machine(t, marks, sectors)
	open, opened := disks.Open, 0
	synctest.Test(t, func(t *testing.T) {
		disks.Open = func(name string) (alone.Device, error) {
			time.Sleep(slow)
			return open(name)
		}
		begin := time.Now()
		have, err := Look(disks, nil)
		if err != nil || len(have.Members) != shelf {
			t.Fatalf("%d members, %v, %v", len(have.Members), have.Unreadable, err)
		}
		for i, m := range have.Members {
			if want := fmt.Sprintf("sd%02d", i); m.Device != want {
				t.Errorf("member %d is %s, want %s", i, m.Device, want)
			}
		}
		opened = int(time.Since(begin) / slow)
	})
	if most := shelf / arms; opened > most {
		t.Errorf("%d disks took as long as %d opens one after the other, want %d", shelf, opened, most)
	}
}
