package share

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/share/plan"
)

// NFS 4 alone, of which 4.0 knows no sessions; nothing older, which would ask rpcbind and trust addresses. Threads come last, for
// from then on the server answers.
func TestNFSSettings(t *testing.T) {
	want := []setting{{"nfsv4leasetime", "20"}, {"nfsv4gracetime", "20"}, {"versions", "-2 -3 +4 -4.0 +4.1 +4.2"}, {"portlist", "7"}, {"threads", "8"}}
	if got := settings(7); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	rows := graph.Services(&spec.Machine{Share: spec.Share{NFS: map[string]spec.NFSShare{"a": {}}, SMB: map[string]spec.SMBShare{"b": {}}, State: "/srv/state"}}, plan.Services)
	for name, want := range map[string]string{
		"rpc.mountd": "/usr/sbin/rpc.mountd -F -N 2 -N 3", "nfsdcld": "/usr/sbin/nfsdcld -F -p /run/rpc_pipefs -s /srv/state/nfsdcld",
		"smbd": "/usr/sbin/smbd -F --no-process-group --debug-stdout",
	} {
		cfg := rows[name]
		if got := strings.Join(cfg.Command, " "); got != want || cfg.User != "root" || cfg.Restart != spec.RestartAlways || cfg.StopSignal != "TERM" ||
			time.Duration(cfg.StopTimeout).Seconds() != 5 || !slices.Equal(cfg.Needs, []string{"share-files"}) {
			t.Errorf("%s: %+v", name, cfg)
		}
	}
	if r := rows["smbd"].Ready; r.Port != 445 || time.Duration(r.Timeout).Seconds() != 60 {
		t.Errorf("smbd is ready at %+v", r)
	}
	if got := plan.Services(&spec.Machine{Share: spec.Share{NFS: map[string]spec.NFSShare{"a": {}}}})["nfsdcld"].Command; !reflect.DeepEqual(got[len(got)-1], plan.Memory) {
		t.Errorf("without a place for its state: %q", got)
	}
}

func TestStartNFS(t *testing.T) {
	dir := t.TempDir()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return ""
		}
		return string(text)
	}
	put := func(threads string) {
		if err := os.WriteFile(filepath.Join(dir, "threads"), []byte(threads), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listened := 0
	socket := func() (int, error) {
		listened++
		return unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	}
	if err := startNFS(dir, socket); !errors.Is(err, os.ErrNotExist) || listened != 0 {
		t.Errorf("without the kernel's folder: %v", err)
	}
	put("8\n")
	if err := startNFS(dir, socket); err != nil || listened != 0 || read("versions") != "" {
		t.Errorf("one that runs is started: %v", err)
	}
	put("0\n")
	if err := startNFS(dir, func() (int, error) { return -1, os.ErrPermission }); !errors.Is(err, os.ErrPermission) || read("versions") != "" {
		t.Errorf("without a socket: %v", err)
	}
	if err := startNFS(dir, socket); err != nil || read("versions") != "-2 -3 +4 -4.0 +4.1 +4.2\n" || read("threads") != "8\n" || read("nfsv4leasetime") != "20\n" {
		t.Errorf("%v; versions %q, threads %q", err, read("versions"), read("threads"))
	}
	if err := stopNFS(dir); err != nil || read("threads") != "0\n" {
		t.Errorf("stopping: %v, threads %q", err, read("threads"))
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "portlist")), os.Mkdir(filepath.Join(dir, "portlist"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := startNFS(dir, socket); err == nil || !strings.Contains(err.Error(), "setting portlist to ") || read("threads") != "0\n" {
		t.Errorf("a setting that is refused: %v, threads %q", err, read("threads"))
	}
	if err := stopNFS(filepath.Join(dir, "none")); err != nil {
		t.Errorf("stopping what was never there: %v", err)
	}
	if err := stopNFS(filepath.Join(dir, "threads")); err == nil {
		t.Error("stopping what cannot be")
	}
}

// The kernel's file systems are mounted once, and nothing on them can be run.
func TestAttach(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	if !nettest.Within(t, 60e9, syscall.CLONE_NEWNS) {
		return
	}
	a, b := t.TempDir(), t.TempDir()
	t.Cleanup(func() { _ = errors.Join(unix.Unmount(a, unix.MNT_DETACH), unix.Unmount(b, unix.MNT_DETACH)) })
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), attach("sysfs", a, "tmpfs", b), attach("sysfs", a)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{a, b} {
		if n := strings.Count(string(text), " "+place+" rw,nosuid,nodev,noexec,relatime - "); n != 1 {
			t.Errorf("%s is mounted %d times:\n%s", place, n, text)
		}
	}
	if err := attach("nosuchfs", a); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a file system that is not there: %v", err)
	}
	for _, dir := range []string{"/run", "/var"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
			t.Fatal(err)
		}
	}
	// Who shares one way gets nothing of the other's.
	if err := Prepare(spec.Share{ISCSI: map[string]spec.ISCSIShare{"a": {}}}, nil); err != nil {
		t.Error(err)
	}
	there := func(dir string) bool { _, err := os.Stat(dir); return err == nil }
	if there(plan.Pipes) || there("/run/samba") {
		t.Error("iSCSI has got what NFS or Samba need")
	}
	if err := Prepare(spec.Share{SMB: map[string]spec.SMBShare{}, NFS: map[string]spec.NFSShare{}}, nil); err != nil || there(plan.Pipes) || there("/run/samba") {
		t.Errorf("no shares: %v", err)
	}
	broken := errors.New("no such module")
	state := filepath.Join(b, "state")
	share := spec.Share{SMB: map[string]spec.SMBShare{"b": {Path: filepath.Join(b, "smb")}}, NFS: map[string]spec.NFSShare{"a": {Path: filepath.Join(b, "nfs"), Create: true}}, State: state}
	if err := Prepare(share, func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("without a module: %v", err)
	}
	for _, dir := range []string{"/run/samba/ncalrpc", "/var/lib/samba/private", "/var/cache/samba", "/var/log/samba", plan.Pipes, plan.State, plan.Memory, state + "/nfsdcld"} {
		if info, err := os.Stat(dir); err != nil || info.Mode() != os.ModeDir|0o700 {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	if err := Prepare(spec.Share{SMB: share.SMB}, nil); err == nil || !strings.Contains(err.Error(), "smb: it is not there, and its share does not say create = true") {
		t.Errorf("a folder that is not there: %v", err)
	}
	share.SMB["b"] = spec.SMBShare{Path: filepath.Join(b, "smb"), Create: true, Owner: "nobody"}
	if err := Prepare(spec.Share{SMB: share.SMB}, nil); err != nil {
		t.Error(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(b, "smb"), &st); err != nil || st.Uid != 65534 || st.Gid != 65534 || st.Mode != unix.S_IFDIR|0o755 {
		t.Errorf("a folder that is made for nobody: %+v, %v", st, err)
	}
}
