package blank

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// loop makes a block device of a file of a size.
func loop(t *testing.T, size int64) string {
	t.Helper()
	return needed.Loop(t, sparse(t, size).Name(), "--partscan")
}

// A device with partitions is refused with the words that make it blank, and these words do.
func TestDevice(t *testing.T) {
	device, sys := loop(t, 4<<30), os.DirFS("/sys")
	run(t, "printf 'label: gpt\nstart=2048, size=3G\n' | sfdisk -q $f; mke2fs -q -t ext4 -L data -E offset=1048576 $f 3G", device)
	name := filepath.Base(device)
	d, err := disk.At(sys, device)
	if err != nil || d.Name != name || d.Bytes != 4<<30 || d.Word() == "" {
		t.Fatalf("%+v, %v", d, err)
	}
	err = Device(t.Context(), sys, name)
	if err == nil || !strings.Contains(err.Error(), name+" (4 GiB) is not blank: it holds ") || !strings.HasSuffix(err.Error(), "uinitctl disk erase "+device+" "+d.Word()) {
		t.Errorf("%v", err)
	}
	halves := map[string]bool{}
	e, err := EraseDevice(t.Context(), d, func(what string, _, _ int64) { halves[what] = true })
	if err != nil || !halves["erasing"] || e.Discarded != 0 && !halves["discarding"] {
		t.Errorf("%+v, %v, %v", e, halves, err)
	}
	if err := Device(t.Context(), sys, name); err != nil {
		t.Error(err)
	}
	if d, err := disk.Of(sys, name); err != nil || len(d.Partitions) > 0 {
		t.Errorf("partitions are left: %+v, %v", d, err)
	}
}

// What somebody uses is not erased.
func TestEraseOfWhatIsInUse(t *testing.T) {
	device := loop(t, 64<<20)
	run(t, "mke2fs -q -t ext4 $f", device)
	where := t.TempDir()
	if out, err := exec.Command("mount", device, where).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", where).Run() })
	d, err := disk.At(os.DirFS("/sys"), device)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := EraseDevice(t.Context(), d, func(string, int64, int64) {}); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("%v", err)
	}
}
