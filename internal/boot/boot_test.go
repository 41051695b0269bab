package boot

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-crypt/crypt/algorithm/shacrypt"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestOneTimePassword(t *testing.T) {
	form := regexp.MustCompile(`^[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){2}$`)
	seen := map[string]bool{}
	for range 3 {
		plain, hash, err := OneTimePassword()
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(plain) || seen[plain] {
			t.Errorf("password %q", plain)
		}
		seen[plain] = true
		// The guest takes it as it takes a hash from a profile.
		var accepted spec.PasswordHash
		if err := accepted.UnmarshalText([]byte(hash)); err != nil || !strings.HasPrefix(hash, "$6$") {
			t.Errorf("hash %q: %v", hash, err)
		}
		digest, err := shacrypt.Decode(hash)
		if err != nil {
			t.Fatal(err)
		}
		if !digest.Match(plain) || digest.Match(plain+"x") {
			t.Errorf("%q is not the hash of %q", hash, plain)
		}
	}
}

func TestLetters(t *testing.T) {
	count := map[byte]int{}
	const each = 1000
	for range each * len(alphabet) {
		count[letter()]++
	}
	for i := range len(alphabet) {
		// Ten standard deviations of a binomial distribution.
		if n := count[alphabet[i]]; n < each-320 || n > each+320 {
			t.Errorf("%c was drawn %d times, about %d expected", alphabet[i], n, each)
		}
	}
}

func TestConfig(t *testing.T) {
	two := 2
	c, err := Options{
		Kernel: "k", Initrd: "i", Cmdline: "console=ttyS0\n", Append: []string{"quiet"}, Test: true,
		Run: profile.Run{Memory: 1 << 30, CPUs: 2, NICs: &two, NICModel: "e1000e"},
	}.config(qemu.AccelTCG, 2_000_000)
	if err != nil {
		t.Fatal(err)
	}
	want := "console=ttyS0 quiet " + report.ParamTest + " panic=-1 no_timer_check cryptomgr.notests tsc_early_khz=2000000 tsc=reliable"
	if c.Append != want {
		t.Errorf("kernel line %q, want %q", c.Append, want)
	}
	if c.Serials != 1 || len(c.NICs) != 2 || c.NICs[1].Model != "e1000e" || c.Memory != 1<<30 || !c.Report || !c.Control {
		t.Errorf("config %+v", c)
	}
	if _, err := (Options{Cmdline: strings.Repeat("x ", 1200), Run: profile.Run{NICs: &two}}).config(qemu.AccelKVM, 0); err == nil {
		t.Error("a kernel line that the kernel would cut off is accepted")
	}
}

func TestSerials(t *testing.T) {
	for _, test := range []struct {
		consoles []string
		want     int
	}{{nil, 1}, {[]string{"ttyS*", "tty1"}, 1}, {[]string{"ttyS1", "ttyS0"}, 2}, {[]string{"ttyS9"}, 4}} {
		if got := Serials(test.consoles); got != test.want {
			t.Errorf("Serials(%q) = %d, want %d", test.consoles, got, test.want)
		}
	}
}

func TestMkfs(t *testing.T) {
	for _, test := range []struct {
		disk profile.RunDisk
		want string
	}{
		{profile.RunDisk{}, ""},
		{profile.RunDisk{Filesystem: "ext4"}, "mke2fs -q -F -t ext4 -E root_owner=0:0 /d"},
		{profile.RunDisk{Filesystem: "xfs", Label: "srv"}, "mkfs.xfs -q -f -L srv /d"},
		{profile.RunDisk{Filesystem: "vfat", Label: "BOOT"}, "mkfs.vfat -n BOOT /d"},
	} {
		command, _, err := mkfs(test.disk, "/d")
		if got := strings.Join(command, " "); got != test.want || err != nil {
			t.Errorf("mkfs(%+v) = %q, %v, want %q", test.disk, got, err, test.want)
		}
	}
	if _, _, err := mkfs(profile.RunDisk{Filesystem: "ntfs"}, "/d"); err == nil {
		t.Error("ntfs is accepted")
	}
}

func TestDisks(t *testing.T) {
	blkid := needed.Program(t, "blkid")
	needed.Program(t, "mke2fs")
	o := Options{Accel: qemu.AccelTCG, Run: profile.Run{Disk: map[string]profile.RunDisk{
		"b": {Size: 32 << 20, Filesystem: "ext4", Label: "srv", Bus: "nvme"}, "a": {Size: 1 << 20}}}}
	m, err := Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	disks := m.Config.Disks
	if len(disks) != 2 || disks[0].ID != "a" || disks[1].ID != "b" || disks[1].Bus != qemu.NVMe {
		t.Fatalf("disks %+v", disks)
	}
	for i, size := range []int64{1 << 20, 32 << 20} {
		if info, err := os.Stat(disks[i].Path); err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v, want %d bytes", disks[i].Path, info, err, size)
		}
	}
	out, err := exec.Command(blkid, "-p", "-o", "value", "-s", "LABEL", "-s", "TYPE", disks[1].Path).Output()
	if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, []string{"srv", "ext4"}) {
		t.Errorf("blkid sees %q, %v", got, err)
	}
	m.Close()
	if _, err := os.Stat(disks[0].Path); !os.IsNotExist(err) {
		t.Errorf("a disk is left: %v", err)
	}
}

func TestDisksOfACaller(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := Options{Accel: qemu.AccelTCG, Dir: dir, Run: profile.Run{Disk: map[string]profile.RunDisk{"a": {Size: 1 << 20}}}}
	for range 2 { // anew for each run, at the same place
		m, err := Prepare(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
		path := filepath.Join(dir, "a.img")
		if text, err := os.ReadFile(path); err != nil || strings.Trim(string(text), "\x00") != "" {
			t.Errorf("disk is not blank: %v", err)
		}
		os.WriteFile(path, []byte("used"), 0o600)
	}
	o.Run.Disk = map[string]profile.RunDisk{"0,id=x": {}}
	if _, err := Prepare(t.Context(), o); err == nil {
		t.Error("a name that QEMU would misread is accepted")
	}
}

func TestMissingTool(t *testing.T) {
	for system, want := range map[string]string{"ext4": "e2fsprogs", "xfs": "xfsprogs", "vfat": "dosfstools"} {
		_, pkg, err := mkfs(profile.RunDisk{Filesystem: system}, "/d")
		if err != nil || pkg != want {
			t.Errorf("%s is made by package %q, %v, want %q", system, pkg, err, want)
		}
	}
	err := fill(t.Context(), []string{"mkfs.that-is-nowhere", "/d"}, "xfsprogs")
	var missing *qemu.MissingError
	if !errors.As(err, &missing) || missing.Package != "xfsprogs" || missing.What != "mkfs.that-is-nowhere" {
		t.Errorf("fill = %v", err)
	}
}

func TestUnknownAccelerator(t *testing.T) {
	if _, err := Prepare(t.Context(), Options{Accel: "hvf"}); err == nil {
		t.Error("accelerator hvf is accepted")
	}
}

func TestForward(t *testing.T) {
	for text, want := range map[string]string{
		"2222:22": "tcp 127.0.0.1:2222 22", "5353:53/udp": "udp 127.0.0.1:5353 53", "0.0.0.0:8080:80": "tcp 0.0.0.0:8080 80",
		"22": "", "0:22": "", "2222:0": "", "2222:70000": "", "a:22": "", "1:2:3:4": "", "2222:22/sctp": "", "::1:2:3": "", "": "", "localhost:1:2": "",
	} {
		var f Forward
		err := f.UnmarshalText([]byte(text))
		got := ""
		if err == nil {
			got = fmt.Sprintf("%s %s %d", f.Network, f.Host, f.Guest)
		}
		if got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	one, none := 1, 0
	forwards := []Forward{{"tcp", netip.MustParseAddrPort("127.0.0.1:2222"), 22}, {"udp", netip.MustParseAddrPort("0.0.0.0:53"), 53}}
	o := Options{Accel: qemu.AccelTCG, Forwards: forwards, Run: profile.Run{NICs: &one}}
	m, err := Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got, want := m.Config.NICs[0].Backend, "user,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:0.0.0.0:53-:53"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	o.Run.NICs = &none
	if _, err := Prepare(t.Context(), o); err == nil {
		t.Error("a port leads to an interface that is not there")
	}
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f := Forward{"tcp", netip.MustParseAddrPort(taken.Addr().String()), 22}
	if err := f.Free(); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a port that is taken: %v", err)
	}
	if f.Network = "udp"; f.Free() != nil {
		t.Error("the other network's port of that number is taken")
	}
}

// What is kept is as the last run left it; who wants another size of it is told.
func TestKeptDisks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	o := Options{Accel: qemu.AccelTCG, Dir: dir, Keep: true, Run: profile.Run{Disk: map[string]profile.RunDisk{"a": {Size: 1 << 20}}},
		Disks: []qemu.Disk{{ID: "mine", Path: "mine.img"}}}
	path := filepath.Join(dir, "a.img")
	for i := range 3 {
		m, err := Prepare(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
		if disks := m.Config.Disks; len(disks) != 2 || disks[0].Path != path || disks[1].ID != "mine" {
			t.Errorf("disks %+v", disks)
		}
		text, err := os.ReadFile(path)
		if err != nil || strings.TrimRight(string(text), "\x00") != strings.Repeat("x", i) {
			t.Errorf("run %d finds %.10q, %v", i, text, err)
		}
		copy(text, strings.Repeat("x", i+1))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Run.Disk["a"] = profile.RunDisk{Size: 2 << 20}
	if _, err := Prepare(t.Context(), o); err == nil || !strings.Contains(err.Error(), path+" was kept, with 1048576 bytes, and is 2M now") {
		t.Errorf("another size: %v", err)
	}
}

func TestMissing(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"QEMU":    {Options{Binary: "qemu-system-none"}, "qemu-system-x86"},
		"nothing": {Options{}, ""},
	} {
		err := c.o.Missing()
		var missing *qemu.MissingError
		if errors.As(err, &missing) != (c.want != "") || missing != nil && missing.Package != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// The sockets of a person's machine lie beside its disks, or where their names are short enough.
func TestDesk(t *testing.T) {
	for dir, beside := range map[string]bool{"d": true, strings.Repeat("d", 100): false} {
		dir = filepath.Join(t.TempDir(), dir)
		m, err := Prepare(t.Context(), Options{Accel: qemu.AccelTCG, Desk: true, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.HasPrefix(m.Config.Desk, dir+"/"); got != beside || len(m.Config.Desk) > longestName {
			t.Errorf("%s", m.Config.Desk)
		}
		m.Close()
	}
}

// A person is told how to pull which disk.
func TestPlugging(t *testing.T) {
	dir := t.TempDir()
	o := Options{Accel: qemu.AccelTCG, Dir: dir, Run: profile.Run{Disk: map[string]profile.RunDisk{"a": {Size: 1 << 20, Bus: "ahci"}, "b": {Size: 1 << 20}}}}
	m, err := Prepare(t.Context(), o)
	if err != nil || m.Plugging() != "" {
		t.Fatalf("%v, %q", err, m.Plugging())
	}
	o.Pluggable = true
	if m, err = Prepare(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"drive_del drive-a ", "device_del b\n", "file=" + filepath.Join(dir, spare) + "\n"} {
		if !strings.Contains(m.Plugging(), want) {
			t.Errorf("%q is missing:\n%s", want, m.Plugging())
		}
	}
	if info, err := os.Stat(filepath.Join(dir, spare)); err != nil || info.Size() != 1<<30 {
		t.Errorf("the disk to plug in: %v, %v", info, err)
	}
}

// Serial ports besides the first are found by what QEMU says of them.
func TestPorts(t *testing.T) {
	said := "char device redirected to /dev/pts/3 (label ttyS1)\r\nchar device redirected to /dev/pts/12 (label ttyS2)\nbox login: "
	if got, want := ports(said), []string{"ttyS1 is /dev/pts/3: screen /dev/pts/3", "ttyS2 is /dev/pts/12: screen /dev/pts/12"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
