package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/needed"
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
	w := &worker{Deps: featuretest.Deps(t, spec.Machine{})}
	w.Log = slog.New(slog.NewTextHandler(&logged, nil))
	w.Disks = &alone.Disks{Sys: sys, Open: func(name string) (alone.Device, error) { return disks[name], nil }}
	known := map[string]string{}
	look := func() {
		for _, name := range []string{"vda", "vdb", "vda"} {
			w.lookAtDisk(name, known)
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

// LVM itself finds volumes on devices that may be used by themselves, and on no others: on a leg of a mirror, its detection
// would look at the partition only.
func TestVolumesOfWhom(t *testing.T) {
	for _, tool := range []string{"lvm", "losetup"} {
		needed.Program(t, tool)
	}
	if os.Getuid() != 0 {
		t.Skip("loop devices are root's")
	}
	var loops []string
	for i := range 2 {
		file := filepath.Join(t.TempDir(), fmt.Sprint("disk", i))
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 16<<20)); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("losetup", "--find", "--show", file).CombinedOutput()
		if err != nil {
			t.Skipf("no loop device here: %v: %s", err, out)
		}
		device := strings.TrimSpace(string(out))
		t.Cleanup(func() { _ = exec.Command("losetup", "--detach", device).Run() })
		loops = append(loops, filepath.Base(device))
	}
	run := func(config string, args ...string) string {
		t.Helper()
		cmd := exec.Command("lvm", append([]string{args[0], "--config", config}, args[1:]...)...)
		cmd.Env = append(os.Environ(), "LVM_SUPPRESS_FD_WARNINGS=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("lvm %q: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	sys := tree(loops...)
	all := volumeConfig(sys, func(string) error { return nil })
	for _, loop := range loops {
		run(all, "pvcreate", "-qq", "/dev/"+loop)
	}
	list := func(check func(string) error) []string {
		return strings.Fields(run(volumeConfig(sys, check), "pvs", "--noheadings", "-o", "pv_name"))
	}
	if got, want := list(func(string) error { return nil }), []string{"/dev/" + loops[0], "/dev/" + loops[1]}; !slices.Equal(got, want) {
		t.Errorf("volumes on %q, want %q", got, want)
	}
	leg := func(name string) error {
		if name == loops[1] {
			return io.ErrClosedPipe
		}
		return nil
	}
	if got, want := list(leg), []string{"/dev/" + loops[0]}; !slices.Equal(got, want) {
		t.Errorf("volumes on %q, want %q", got, want)
	}
	if got := list(func(string) error { return io.ErrClosedPipe }); len(got) > 0 {
		t.Errorf("volumes on %q", got)
	}
}
