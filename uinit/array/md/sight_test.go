package md

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
)

// Who waits in vain for a disk is told which serial numbers there are: one of them may be the disk that was meant.
func TestSight(t *testing.T) {
	sys := fstest.MapFS{}
	add := func(name, serial, at string, files ...string) {
		for _, file := range append(files, "bdi/read_ahead_kb") {
			sys["class/block/"+name+"/"+file] = &fstest.MapFile{Data: []byte("1\n")}
		}
		sys["class/block/"+name+"/size"] = &fstest.MapFile{Data: []byte("2048\n")}
		if serial != "" {
			sys["class/block/"+name+"/serial"] = &fstest.MapFile{Data: []byte(serial + "\n")}
		}
		if at != "" {
			sys["class/block/"+name+"/device"] = &fstest.MapFile{Data: []byte("../../" + at), Mode: fs.ModeSymlink}
		}
	}
	texts := []string{"serial=old1", "serial=old2"}
	if got, want := Sight(sys, texts), "missing: serial=old1 serial=old2; disks looked at: none"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	add("vda", "old1", "virtio2")
	add("vda1", "", "", "partition")
	add("vdb", "", "virtio3")
	add("loop0", "", "")
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{texts, "seen: serial=old1; missing: serial=old2; disks looked at: vda (serial old1), vdb (no serial number)"},
		{[]string{"serial=old1", "/dev/vdb"}, "seen: serial=old1 /dev/vdb; disks looked at: vda (serial old1), vdb (no serial number)"},
		{nil, "disks looked at: vda (serial old1), vdb (no serial number)"},
	} {
		if got := Sight(sys, c.texts); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
	for i := range 30 {
		add(fmt.Sprintf("sd%02d", i), fmt.Sprint("s", i), "0:0:0:0")
	}
	if got := Sight(sys, nil); len(got) > 700 || got[len(got)-len(" and 8 more"):] != " and 8 more" {
		t.Errorf("a shelf of disks: %s", got)
	}
}
