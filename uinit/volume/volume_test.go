package volume

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/needed"
)

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
		device := needed.Loop(t, file)
		loops = append(loops, filepath.Base(device))
	}
	run := func(settings string, args ...string) string {
		t.Helper()
		cmd := exec.Command("lvm", append([]string{args[0], "--config", settings}, args[1:]...)...)
		cmd.Env = append(os.Environ(), "LVM_SUPPRESS_FD_WARNINGS=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("lvm %q: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	sys := fstest.MapFS{}
	for _, loop := range loops {
		sys["class/block/"+loop+"/size"] = &fstest.MapFile{Data: []byte("16384\n")}
		sys["class/block/"+loop+"/bdi"] = &fstest.MapFile{Mode: fs.ModeDir}
	}
	all := config(sys, func(string) error { return nil })
	for _, loop := range loops {
		run(all, "pvcreate", "-qq", "/dev/"+loop)
	}
	list := func(check func(string) error) []string {
		return strings.Fields(run(config(sys, check), "pvs", "--noheadings", "-o", "pv_name"))
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
