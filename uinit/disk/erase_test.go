package disk

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// Only the disk that is meant is erased, and only when nobody uses it; what was done is said and logged.
func TestErase(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("loop devices are root's")
	}
	file := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("/sbin/mke2fs", "-q", "-F", "-t", "ext4", file, "64M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	device, where := needed.Loop(t, file), t.TempDir()
	name := filepath.Base(device)
	word := fmt.Sprintf("%s/%d", name, 64<<20)

	var said, log strings.Builder
	a := &answers{featuretest.Deps(t, spec.Machine{})}
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	ask := func(words ...string) string {
		said.Reset()
		err := a.answer(t.Context(), words, func(e report.Event) error {
			if e.State != feature.Progress {
				fmt.Fprintln(&said, e.Message)
			}
			return nil
		})
		if err != nil {
			return err.Error()
		}
		return said.String()
	}
	refused := func(want string, words ...string) {
		t.Helper()
		if got := ask(words...); !strings.Contains(got, want) {
			t.Errorf("disk %s: %q, want %q", strings.Join(words, " "), got, want)
		}
	}
	refused("accepted: disk [list], disk erase DEVICE SERIAL", "erase", device)
	refused("accepted: disk [list], disk erase DEVICE SERIAL", "wipe")
	refused(`the serial number of `+name+` is "`+word+`", not "WD-1234"; nothing was erased`, "erase", device, "WD-1234")
	refused("is no block device", "erase", "null", word)
	if out, err := exec.Command("mount", device, where).CombinedOutput(); err != nil {
		t.Logf("nothing can be mounted here, so it is not asked about: %v: %s", err, out)
	} else {
		refused(name+" (64 MiB) is in use: "+name+" is mounted on "+where+"; nothing was erased", "erase", device, word)
		if out, err := exec.Command("umount", where).CombinedOutput(); err != nil {
			t.Fatalf("unmounting: %v: %s", err, out)
		}
	}
	if log.Len() > 0 {
		t.Errorf("what was not done is logged: %s", &log)
	}
	if got := ask("erase", name, word); !strings.HasPrefix(got, "disk "+name+" (64 MiB): blank: zeros written over ") || !strings.Contains(got, "no secure erase") {
		t.Errorf("erasing: %q", got)
	}
	if !strings.Contains(log.String(), "disk "+name+" (64 MiB): blank: ") {
		t.Errorf("the log is %s", &log)
	}
}
