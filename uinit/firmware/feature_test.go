package firmware

import (
	"io/fs"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// tree is a part of /sys with disks of 8 MiB.
func tree(names ...string) fstest.MapFS {
	sys := fstest.MapFS{}
	for _, name := range names {
		sys["class/block/"+name+"/size"] = &fstest.MapFile{Data: []byte("16384\n")}
		sys["class/block/"+name+"/bdi"] = &fstest.MapFile{Mode: fs.ModeDir}
		sys["class/block/"+name+"/device/model"] = &fstest.MapFile{Data: []byte("disk\n")}
		sys["class/block/"+name+"/serial"] = &fstest.MapFile{Data: []byte("S-" + name + "\n")}
	}
	return sys
}

// zeros is a disk with a mark in its last sector but one.
type zeros struct{ mark string }

func (z *zeros) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if mark := int64(16384-2) * 512; at <= mark && mark < at+int64(len(p)) {
		copy(p[mark-at:], z.mark)
	}
	return len(p), nil
}
func (z *zeros) Close() error { return nil }

// A disk that firmware made an array of is named with its serial number for as long as it is there.
func TestFirmwareDisksAreTold(t *testing.T) {
	disks := map[string]*zeros{"vda": {}, "vdb": {mark: "Intel Raid ISM Cfg Sig. 1.1.00"}}
	sys := tree("vda", "vdb")
	var logged strings.Builder
	w := watcher{featuretest.Deps(t, spec.Machine{})}
	w.Log = slog.New(slog.NewTextHandler(&logged, nil))
	w.Disks.Disks = &alone.Disks{Sys: sys, Open: func(name string) (alone.Device, error) { return disks[name], nil }}
	known := map[string]string{}
	look := func() {
		for _, name := range []string{"vda", "vdb", "vda"} {
			w.look(name, known)
		}
	}
	look()
	if got, want := w.Facts.Troubles(), []string{"half of a Matrix RAID (Intel): vdb, serial S-vdb; it is not used by itself"}; !slices.Equal(got, want) {
		t.Errorf("the greeting has %q, want %q", got, want)
	}
	facts := w.Facts.Facts()
	if len(facts) != 1 || facts[0].Name != "disk.firmware_raid" || !reflect.DeepEqual(facts[0].Value, []string{"Matrix RAID (Intel) (isw_raid_member): vdb, serial S-vdb"}) {
		t.Errorf("facts %+v", facts)
	}
	if n := strings.Count(logged.String(), "the mark of a firmware's array"); n != 1 {
		t.Errorf("logged %d times: %s", n, logged.String())
	}
	look()
	if n := strings.Count(logged.String(), "the mark of a firmware's array"); n != 1 {
		t.Errorf("logged %d times: %s", n, logged.String())
	}
	for name := range sys { // pulled
		if strings.HasPrefix(name, "class/block/vdb") {
			delete(sys, name)
		}
	}
	look()
	if got, facts := w.Facts.Troubles(), w.Facts.Facts(); len(got) > 0 || !reflect.DeepEqual(facts[0].Value, []string{}) {
		t.Errorf("afterwards: %q, %v", got, facts)
	}
}
