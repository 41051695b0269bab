package share

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/holder/holdertest"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

// own is a file tree that is this test's alone at each of the places. It says whether this is the process that has it.
func own(t *testing.T, places ...string) bool {
	t.Helper()
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS) {
		return false
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	for _, place := range places {
		if err := unix.Mount("tmpfs", place, "tmpfs", 0, "mode=755"); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// On the way down that is stopped which the machine shares, and nothing else is touched.
func TestStops(t *testing.T) {
	if !own(t, "/proc/fs", "/sys/kernel") {
		return
	}
	threads, enable := filepath.Join(nfsd, "threads"), group(spec.ISCSIShare{Target: "iqn.2026-01.example:a"})+"/enable"
	if err := errors.Join(os.MkdirAll(nfsd, 0o755), os.MkdirAll(filepath.Dir(enable), 0o755)); err != nil {
		t.Fatal(err)
	}
	nfs, iscsi := map[string]spec.NFSShare{"a": {}}, map[string]spec.ISCSIShare{"a": {Target: "iqn.2026-01.example:a"}}
	for name, tt := range map[string]struct {
		share           spec.Share
		threads, enable string
	}{
		"NFS":   {spec.Share{NFS: nfs}, "0\n", "1"},
		"iSCSI": {spec.Share{ISCSI: iscsi}, "8\n", "0"},
		"both":  {spec.Share{NFS: nfs, ISCSI: iscsi}, "0\n", "0"},
		"SMB":   {spec.Share{SMB: map[string]spec.SMBShare{"a": {}}}, "8\n", "1"},
	} {
		if err := errors.Join(os.WriteFile(threads, []byte("8\n"), 0o600), os.WriteFile(enable, []byte("1"), 0o600)); err != nil {
			t.Fatal(err)
		}
		stops := shares{featuretest.Deps(t, spec.Machine{Share: tt.share})}.Stops()
		if len(stops) != 1 || stops[0].Phase != feature.Shares || stops[0].Name != "shares" || stops[0].Limit != 5*time.Second {
			t.Fatalf("%+v", stops)
		}
		_ = stops[0].Do(t.Context()) // a plain file system's folders do not go with what is in them
		got, _ := os.ReadFile(threads)
		also, _ := os.ReadFile(enable)
		if string(got) != tt.threads || string(also) != tt.enable {
			t.Errorf("%s: %q threads, the target is %q; want %q, %q", name, got, also, tt.threads, tt.enable)
		}
	}
	// What can't be stopped is told.
	if err := errors.Join(os.Remove(threads), os.Mkdir(threads, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := (shares{featuretest.Deps(t, spec.Machine{Share: spec.Share{NFS: nfs}})}).stop(t.Context()); err == nil {
		t.Error("a server that goes on is no error")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (shares{featuretest.Deps(t, spec.Machine{Share: spec.Share{ISCSI: iscsi}})}).stop(over); err == nil {
		t.Error("targets that nobody had the time to close are no error")
	}
}

// The server is started when its exports are known, and not without them.
func TestServeNFS(t *testing.T) {
	if !own(t, "/proc/fs", "/usr/sbin", "/run", "/var") {
		return
	}
	said := filepath.Join(t.TempDir(), "said")
	exportfs := func(status int) {
		if err := os.WriteFile("/usr/sbin/exportfs", fmt.Appendf(nil, "#!/bin/sh\necho \"$@\" >%s\necho no such folder >&2\nexit %d\n", said, status), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	threads := filepath.Join(nfsd, "threads")
	if err := errors.Join(os.MkdirAll(nfsd, 0o755), os.WriteFile(threads, []byte("0\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	serve := shares{featuretest.Deps(t, spec.Machine{})}.Step("share:nfs").Run
	exportfs(1)
	if err := serve(t.Context()); err == nil || !strings.HasSuffix(err.Error(), ": no such folder") {
		t.Errorf("exports that fail: %v", err)
	}
	if got, _ := os.ReadFile(threads); string(got) != "0\n" {
		t.Errorf("it runs without exports: %q", got)
	}
	exportfs(0)
	if err := serve(t.Context()); err != nil {
		t.Error(err)
	}
	args, _ := os.ReadFile(said)
	if got, _ := os.ReadFile(threads); string(got) != "8\n" || string(args) != "-ra\n" {
		t.Errorf("%q threads, exportfs %q", got, args)
	}
	if err := (shares{featuretest.Deps(t, spec.Machine{})}).Step("share:smb").Run(t.Context()); err != nil {
		t.Errorf("what a service does: %v", err)
	}
	machine := spec.Machine{Share: spec.Share{SMB: map[string]spec.SMBShare{"a": {Path: "/no/such"}}}}
	lent := featuretest.Deps(t, machine)
	lent.Kmod = &kmod.Loader{}
	if err := (shares{lent}).Step("share-files").Run(t.Context()); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

// Before any disk is offered the drivers are there, and the tree that they are ruled from; without one of them nothing is offered.
func TestServeISCSI(t *testing.T) {
	all := []string{"load configfs", "load target_core_mod", "load target_core_file", "load target_core_iblock", "load iscsi_target_mod", "mount configfs /sys/kernel/config", "offer"}
	for refused := range all {
		var rows []string
		no := errors.New("no")
		note := func(row string) error {
			if rows = append(rows, row); row == all[refused] {
				return no
			}
			return nil
		}
		err := serveISCSI(t.Context(), map[string]spec.ISCSIShare{"a": {Target: "iqn.2026-01.example:a"}}, func(module string) error { return note("load " + module) },
			func(string) error { return note("offer") }, func(pairs ...string) error { return note("mount " + strings.Join(pairs, " ")) })
		if !errors.Is(err, no) || !slices.Equal(rows, all[:refused+1]) {
			t.Errorf("%s is refused: %v, %q", all[refused], err, rows)
		}
	}
	if err := ServeISCSI(t.Context(), nil, func(string) error { return os.ErrInvalid }, nil); !errors.Is(err, os.ErrInvalid) {
		t.Error(err)
	}
}

// What a worker before this one had half made is taken back first: settings that stand can't all be written again.
func TestOfferAgain(t *testing.T) {
	if !own(t, "/sys/kernel") {
		return
	}
	file := filepath.Join(t.TempDir(), "disk")
	row := spec.ISCSIShare{Target: "iqn.2026-01.example:a", Source: file}
	lun := group(row) + "/lun/lun_0/a"
	for _, dir := range []string{target + "/core/fileio_0/a/wwn", filepath.Dir(lun), group(row) + "/attrib", group(row) + "/np"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(file, make([]byte, 4096), 0o600), os.Symlink("/elsewhere", lun)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		begun bool
		want  string
	}{{false, "/elsewhere"}, {true, target + "/core/fileio_0/a"}} {
		if err := offer(t.Context(), "a", row, Disk{Size: 4096}, tt.begun); err != nil && !tt.begun {
			t.Error(err)
		}
		if got, err := os.Readlink(lun); tt.begun == (got == "/elsewhere") {
			t.Errorf("begun %v: it leads to %q, %v", tt.begun, got, err)
		}
	}
}

// Who only reads a file may share it with others who read.
func TestOfferToReaders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	holdertest.Guest(t, file, os.O_RDONLY)
	for readOnly, held := range map[bool]bool{true: false, false: true} {
		err := offer(t.Context(), "a", spec.ISCSIShare{Target: "iqn.2026-01.example:a", Source: file, ReadOnly: readOnly}, Disk{Size: 4096}, false)
		busy := (*holder.BusyError)(nil)
		if errors.As(err, &busy) != held {
			t.Errorf("read only %v: %v", readOnly, err)
		}
	}
	for mode, want := range map[fs.FileMode]bool{fs.ModeDevice | 0o660: true, fs.ModeDevice | fs.ModeCharDevice | 0o666: false, 0o644: false, fs.ModeDir | 0o755: false} {
		if isBlock(mode) != want {
			t.Errorf("%v is a block device: %v", mode, !want)
		}
	}
}

// The folders of both kinds, by name, each as its row has it.
func TestFolders(t *testing.T) {
	got := folders(spec.Share{
		NFS: map[string]spec.NFSShare{"b": {Path: "/b", Owner: "ben"}, "a": {Path: "/a", Create: true}}, SMB: map[string]spec.SMBShare{"d": {Path: "/d"}, "c": {Path: "/c", Owner: "anna", Create: true}},
	})
	if want := []folder{{"/a", "", true}, {"/b", "ben", false}, {"/c", "anna", true}, {"/d", "", false}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
