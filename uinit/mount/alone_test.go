package mount

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// nobody is a member of anything.
func nobody(string) error { return nil }

// A device that answers and belongs to an array is passed over, whatever it is asked for by, and who waits says so; so is one
// that something is made of.
func TestFindPassesMembers(t *testing.T) {
	const guid = "01234567-89ab-4def-8123-456789abcdef"
	ext := make([]byte, 2048)
	copy(ext[1024+0x38:], "\x53\xef")
	copy(ext[1024+0x68:], "\x01\x23\x45\x67\x89\xab\x4d\xef\x81\x23\x45\x67\x89\xab\xcd\xef")
	copy(ext[1024+0x78:], "data")
	file := filepath.Join(t.TempDir(), "ext")
	if err := os.WriteFile(file, ext, 0o600); err != nil {
		t.Fatal(err)
	}
	disk := gptDisk(t, guid)
	sys := fstest.MapFS{}
	for name, dir := range map[string]string{"vda": "bdi", "vda3": "holders", "md_data": "bdi", "md_data3": "holders"} {
		sys["class/block/"+name+"/size"] = &fstest.MapFile{Data: []byte("16384\n")}
		sys["class/block/"+name+"/"+dir] = &fstest.MapFile{Mode: fs.ModeDir}
	}
	for _, part := range []string{"vda3", "vda/vda3", "md_data3", "md_data/md_data3"} {
		sys["class/block/"+part+"/partition"] = &fstest.MapFile{Data: []byte("3\n")}
		sys["class/block/"+part+"/size"] = &fstest.MapFile{Data: []byte("2048\n")}
		sys["class/block/"+part+"/holders"] = &fstest.MapFile{Mode: fs.ModeDir}
		sys["class/block/"+part+"/uevent"] = &fstest.MapFile{Data: []byte("PARTNAME=state\n")}
	}
	files := map[string]string{"/dev/vda": disk, "/dev/vda3": file, "/dev/md_data": disk, "/dev/md_data3": file}
	why := errors.New("it lies on a member")
	d := Devices{Sys: sys, Open: func(name string) (*os.File, error) { return os.Open(files[name]) }, Alone: func(device string) error {
		if strings.HasPrefix(device, "/dev/vda") {
			return why
		}
		return nil
	}}
	sources := []string{"LABEL=data", "UUID=" + guid, "PARTLABEL=state", "PARTUUID=" + guid}
	for _, source := range sources {
		if got, passed, err := d.Find(ParseSource(source)); got != "/dev/md_data3" || passed != nil || err != nil {
			t.Errorf("%s is %q, %v, %v", source, got, passed, err)
		}
	}
	for name := range sys { // the array does not run yet
		if strings.HasPrefix(name, "class/block/md_data") {
			delete(sys, name)
		}
	}
	for _, source := range sources {
		if got, passed, err := d.Find(ParseSource(source)); got != "" || !errors.Is(passed, why) || err != nil {
			t.Errorf("%s is %q, %v, %v", source, got, passed, err)
		}
	}
	d.Alone = nobody
	sys["class/block/vda3/holders/dm-0"] = &fstest.MapFile{}
	if got, passed, err := d.Find(ParseSource("LABEL=data")); got != "" || passed != nil || err != nil {
		t.Errorf("a partition that something is made of is %q, %v, %v", got, passed, err)
	}
}

// By its path a member is refused at once.
func TestRunRefusesMembers(t *testing.T) {
	sys := fstest.MapFS{"class/block/null/size": {Data: []byte("8\n")}, "class/block/null/bdi": {Mode: fs.ModeDir}}
	why := errors.New("/dev/null carries the superblock of an array")
	m := New("/nowhere", spec.Mount{Source: "/dev/null", Type: "ext4", Create: true}, Deps{
		Sys: sys, Alone: func(string) error { return why },
		Wait: func(_ context.Context, ready func() (bool, error)) error { _, err := ready(); return err },
	})
	if err := m.Run(t.Context()); !errors.Is(err, why) {
		t.Errorf("mounting it: %v", err)
	}
}
