package mount

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
)

// What a machine's own file systems allow: programs on none where others can write, devices where they belong.
func TestOwnFileSystems(t *testing.T) {
	const nosuid, nodev, noexec = unix.MS_NOSUID, unix.MS_NODEV, unix.MS_NOEXEC
	want := []FileSystem{{"devtmpfs", "/dev", "devtmpfs", nosuid, "mode=0755", false}, {"proc", "/proc", "proc", nosuid | nodev | noexec, "", false}, {"sysfs", "/sys", "sysfs", nosuid | nodev | noexec, "", false}}
	if got := Early(); !reflect.DeepEqual(got, want) {
		t.Errorf("early: %+v", got)
	}
	want = []FileSystem{
		{"tmpfs", "/run", "tmpfs", nosuid | nodev, "mode=0755", false}, {"tmpfs", "/tmp", "tmpfs", nosuid | nodev, "mode=1777,size=1048576,nr_inodes=256", false},
		{"devpts", "/dev/pts", "devpts", nosuid | noexec, "mode=0620,gid=5,ptmxmode=0666", false}, {"tmpfs", "/dev/shm", "tmpfs", nosuid | nodev, "mode=1777", false},
		{"cgroup2", "/sys/fs/cgroup", "cgroup2", nosuid | nodev | noexec, "nsdelegate", true}, {"efivarfs", "/sys/firmware/efi/efivars", "efivarfs", nosuid | nodev | noexec, "", true},
	}
	if got := System(1<<20, 0); !reflect.DeepEqual(got, want) {
		t.Errorf("then: %+v", got)
	}
	for size, want := range map[int64]string{-1: "m", 0: "m", 1: "m,size=1,nr_inodes=0", 8192: "m,size=8192,nr_inodes=2"} {
		if got := sized("m", size); got != want {
			t.Errorf("%d bytes: %q", size, got)
		}
	}
}

// Each option of mount(8) is the bit of mount(2), and its contrary takes it back.
func TestEachOption(t *testing.T) {
	for option, bit := range map[string]uintptr{
		"ro": unix.MS_RDONLY, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC, "sync": unix.MS_SYNCHRONOUS, "dirsync": unix.MS_DIRSYNC, "noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME,
		"relatime": unix.MS_RELATIME, "strictatime": unix.MS_STRICTATIME, "lazytime": unix.MS_LAZYTIME, "bind": unix.MS_BIND, "rbind": unix.MS_BIND | unix.MS_REC, "silent": unix.MS_SILENT,
	} {
		if bits, data := Options([]string{option}); bits != bit || data != "" {
			t.Errorf("%s: %#x, %q", option, bits, data)
		}
	}
	for option, off := range map[string]string{"ro": "rw", "nosuid": "suid", "nodev": "dev", "noexec": "exec", "sync": "async", "noatime": "atime", "nodiratime": "diratime"} {
		if bits, data := Options([]string{option, off}); bits != 0 || data != "" {
			t.Errorf("%s, then %s: %#x, %q", option, off, bits, data)
		}
		if with, _ := Options([]string{off, option}); with == 0 {
			t.Errorf("%s, then %s: nothing", off, option)
		}
	}
	for _, dropped := range []string{"", "defaults", "auto", "noauto", "nofail", "_netdev", "user", "nouser", "x-systemd.automount"} {
		if bits, data := Options([]string{dropped}); bits != 0 || data != "" {
			t.Errorf("%q: %#x, %q", dropped, bits, data)
		}
	}
	for _, tt := range []struct {
		cfg  spec.Mount
		bits uintptr
		data string
	}{
		{spec.Mount{Type: "ext4"}, unix.MS_NOSUID | unix.MS_NODEV, "errors=remount-ro"}, {spec.Mount{Type: "xfs"}, unix.MS_NOSUID | unix.MS_NODEV, ""},
		{spec.Mount{Type: "ext4", Options: []string{"suid,dev", "errors=panic"}}, 0, "errors=remount-ro,errors=panic"},
	} {
		if bits, data := wary(tt.cfg); bits != tt.bits || data != tt.data {
			t.Errorf("%+v: %#x, %q", tt.cfg, bits, data)
		}
	}
}

func TestWantedInWords(t *testing.T) {
	for want, w := range map[string]Wanted{
		"no file system labelled x": {Label: "x"}, "no file system with UUID x": {UUID: "x"}, "no partition labelled x": {PartLabel: "x"}, "no partition with UUID x": {PartUUID: "x"}, "no /dev/x": {Device: "/dev/x"},
	} {
		if got := w.missing(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for source, want := range map[string]Wanted{"array:data": {Device: "/dev/md/data"}, "lvm:group/volume": {Device: "/dev/group/volume"}, "LABEL": {}, "devtmpfs": {None: true}, "/srv/dev/": {None: true}} {
		if got := ParseSource(source); got != want {
			t.Errorf("%s: %+v", source, got)
		}
	}
	if got := device("cciss!c0d0"); got != "/dev/cciss/c0d0" {
		t.Error(got)
	}
	table := Table{{Root: "/", Mountpoint: "/usr", FSType: "squashfs", Source: "/dev/loop1000"}, {Root: "/", Mountpoint: spec.EarlyDir + "/usr", FSType: "squashfs", Source: "/dev/loop1000"}, {Root: "/", Mountpoint: "/usr", FSType: "overlay", Source: "overlay"}, {Root: "/", Mountpoint: "/srv", FSType: "squashfs", Source: "/dev/sdb"}, {Root: "/", Mountpoint: "/mnt", FSType: "overlay", Source: "x"}, {Root: "/", Mountpoint: "/data", FSType: "ext4", Source: "/dev/sda"}, {Root: "/", Mountpoint: "/run", FSType: "tmpfs", Source: "tmpfs"}}
	if got, want := table.Real(), []string{"/data", "/mnt", "/srv"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// own gives the test mounts of its own and a place among them.
func own(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWNS) {
		return ""
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755")); err != nil {
		t.Fatal(err)
	}
	return "/mnt"
}

// ownDev is own, with an empty /dev besides.
func ownDev(t *testing.T) string {
	t.Helper()
	dir := own(t)
	if dir != "" {
		if err := unix.Mount("tmpfs", "/dev", "tmpfs", 0, "mode=755"); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// mounter is a mount of a row below a folder, called after a case of a test, over devices that a test says.
func mounter(dir, name string, row spec.Mount, d Deps) *Mount {
	d.Turns = &Turns{}
	return New(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")), row, d)
}

func count(t *testing.T, target string) (n int) {
	t.Helper()
	table, err := Mounts()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range table {
		if m.Mountpoint == target {
			n++
		}
	}
	return n
}

// A file system is mounted once, its target is made, and one that nobody needs may be missing.
func TestAttach(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	at := filepath.Join(dir, "a/b")
	fs := FileSystem{"tmpfs", at, "tmpfs", unix.MS_NOSUID, "mode=0700,size=1M", false}
	if err := errors.Join(Attach(fs), Attach(fs)); err != nil || count(t, at) != 1 {
		t.Errorf("%v, mounted %d times", err, count(t, at))
	}
	if info, err := os.Stat(at); err != nil || info.Mode() != os.ModeDir|0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(at)); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("its folder: %v, %v", info.Mode(), err)
	}
	for _, tt := range []struct {
		fs    FileSystem
		fails bool
	}{
		{FileSystem{"x", filepath.Join(dir, "c"), "nosuchfs", 0, "", false}, true}, {FileSystem{"x", filepath.Join(dir, "c"), "nosuchfs", 0, "", true}, false},
		{FileSystem{"tmpfs", filepath.Join(dir, "d"), "tmpfs", 0, "nonsense=1", true}, true}, {FileSystem{"tmpfs", "/proc/nothing/here", "tmpfs", 0, "", true}, false}, {FileSystem{"tmpfs", "/proc/nothing/here", "tmpfs", 0, "", false}, true},
	} {
		if err := Attach(tt.fs); (err != nil) != tt.fails {
			t.Errorf("%+v: %v", tt.fs, err)
		}
	}
	later := filepath.Join(dir, "later")
	if err := AttachAll([]FileSystem{{"x", filepath.Join(dir, "c"), "nosuchfs", 0, "", false}, {"tmpfs", later, "tmpfs", 0, "", false}}); err == nil || count(t, later) != 1 {
		t.Errorf("after one that fails: %v, mounted %d times", err, count(t, later))
	}
}

// What is in use becomes read-only, so that it is whole; all else goes.
func TestDetach(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	free, busy := filepath.Join(dir, "free"), filepath.Join(dir, "busy")
	for _, at := range []string{free, busy} {
		if err := Attach(FileSystem{"tmpfs", at, "tmpfs", 0, "", false}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(busy, "file"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if f, err = os.Open(filepath.Join(busy, "file")); err != nil { // for reading, or it can't become read-only
		t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(detach(free), detach(busy)); err != nil {
		t.Error(err)
	}
	if count(t, free) != 0 || count(t, busy) != 1 {
		t.Error("what nobody uses stays, or what is used goes")
	}
	if err := os.WriteFile(filepath.Join(busy, "other"), nil, 0o600); !errors.Is(err, unix.EROFS) {
		t.Errorf("what is used can be written to: %v", err)
	}
	if err := detach(filepath.Join(dir, "none")); err == nil {
		t.Error("what is not mounted was unmounted")
	}
}

// A row is mounted once, made where its folder is missing, and a bind is of the folder that it names.
func TestAttachBelow(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	source, target := filepath.Join(dir, "source"), filepath.Join(dir, "x/target")
	if err := errors.Join(os.Mkdir(source, 0o755), os.WriteFile(filepath.Join(source, "file"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	bind := FileSystem{Source: source, Target: target, Flags: unix.MS_BIND}
	if err := errors.Join(attachBelow(bind), attachBelow(bind)); err != nil || count(t, target) != 1 {
		t.Errorf("%v, mounted %d times", err, count(t, target))
	}
	if _, err := os.Stat(filepath.Join(target, "file")); err != nil {
		t.Error(err)
	}
	begin := time.Now()
	if err := attachBelow(FileSystem{Source: "x", Target: filepath.Join(dir, "y"), Type: "nosuchfs"}); !errors.Is(err, unix.ENODEV) || time.Since(begin) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	if err := attachBelow(FileSystem{Source: filepath.Join(dir, "none"), Target: filepath.Join(dir, "z"), Flags: unix.MS_BIND}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a bind of nothing: %v", err)
	}
	for path, want := range map[string]bool{source: true, filepath.Join(dir, "y"): false, filepath.Join(dir, "nowhere"): false} {
		if got := hasFiles(path); got != want {
			t.Errorf("%s has files: %v", path, got)
		}
	}
}

// What programs expect in /dev leads where it should, whatever was there.
func TestLinks(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "dev"), 0o755), os.WriteFile(filepath.Join(dir, "dev/ptmx"), nil, 0o600), os.Symlink("/elsewhere", filepath.Join(dir, "dev/fd")), unix.Chroot(dir), os.Chdir("/")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Links(), Links()); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if got, err := os.Readlink("/dev/" + name); got != want {
			t.Errorf("%s leads to %q, %v", name, got, err)
		}
	}
	if err := errors.Join(os.Remove("/dev/stdin"), os.MkdirAll("/dev/stdin/x", 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := Links(); err == nil || !strings.Contains(err.Error(), "stdin") {
		t.Errorf("what is in the way: %v", err)
	}
}

// Of a superblock counts what its mark says, and no half of the mark; a label ends where it says so.
func TestProbeEdges(t *testing.T) {
	put := func(size, at int, mark string) []byte {
		b := make([]byte, size)
		copy(b[at:], mark)
		return b
	}
	fat := func(change func(b []byte)) []byte {
		b := make([]byte, 512)
		copy(b[510:], "\x55\xaa")
		copy(b[54:], "FAT16")
		copy(b[39:], "\x78\x56\x34\x12")
		copy(b[43:], "NO NAME    ")
		change(b)
		return b
	}
	ext := func(compat, incompat byte) []byte {
		b := put(2048, 1024+0x38, "\x53\xef")
		b[1024+0x5c], b[1024+0x60] = compat, incompat
		return b
	}
	for name, tt := range map[string]struct {
		b    []byte
		want string // type, label and UUID; "" for none
	}{
		"FAT": {fat(func([]byte) {}), "vfat  1234-5678"}, "half a mark": {fat(func(b []byte) { b[511] = 0 }), ""}, "the other half": {fat(func(b []byte) { b[510] = 0 }), ""}, "no word FAT": {fat(func(b []byte) { b[54] = 'X' }), ""},
		"a label": {fat(func(b []byte) { copy(b[43:], "DATA\x00XX") }), "vfat DATA 1234-5678"}, "FAT, cut off": {fat(func([]byte) {})[:511], ""},
		"ext2": {ext(0, 0x16), "ext2"}, "ext3": {ext(4, 0x16), "ext3"}, "ext4": {ext(4, 0x40), "ext4"}, "compressed": {ext(0, 1), "ext4"}, "ext, cut off": {ext(0, 0)[:1024+263], ""}, "ext to its end": {ext(0, 0)[:1024+264], "ext2"},
		"xfs": {put(120, 0, "XFSB"), "xfs"}, "xfs, cut off": {put(119, 0, "XFSB"), ""}, "btrfs": {put(65536+0x22b, 65536+0x40, "_BHRfS_M"), "btrfs"}, "btrfs, cut off": {put(65536+0x22a, 65536+0x40, "_BHRfS_M"), ""},
		"iso": {put(17*2048, 16*2048, "\x01CD001"), "iso9660"}, "another descriptor": {put(17*2048, 16*2048, "\x02CD001"), ""}, "another standard": {put(17*2048, 16*2048, "\x01CD002"), ""},
	} {
		id, ok := Probe(strings.NewReader(string(tt.b)))
		got := strings.TrimSpace(id.Type + " " + id.Label + " " + strings.Trim(id.UUID, "-0"))
		if ok != (tt.want != "") || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", name, got, ok, tt.want)
		}
	}
}

// What a checker says of a damaged file system is short, and steers no terminal.
func TestGist(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " one \n": "one", "1\n2\n3": "1; 2; 3", "1\n\n \t2\n3\n4": "1; 2; 3; 4", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10": "1; 2; 3; 4; 5; 6; 7; 8; 9; 10", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11": "1; 2; 3; 4; 5; 6; 7; 8; ...; 10; 11", "a\tb\x1b[2J\x1f \x7e\x7f\u009f\u00a0.": "a b?[2J? ~??\u00a0.", strings.Repeat("x", 201): strings.Repeat("x", 200),
	} {
		if got := gist(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Of two on one place the last counts; the root is nobody's.
func TestTableAt(t *testing.T) {
	table := Table{{Root: "/", Mountpoint: "/a", FSType: "ext4", Source: "first"}, {Root: "/", Mountpoint: "/a", FSType: "xfs", Source: "last"}, {Root: "/", Mountpoint: "/", FSType: "rootfs"}}
	if m := table.At("/a"); m == nil || m.Source != "last" || table.At("/") != nil {
		t.Errorf("%+v", m)
	}
	if m := table[:1].At("/a"); m == nil || m.Source != "first" {
		t.Errorf("the first of all: %+v", m)
	}
}
