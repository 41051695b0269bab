package boot

import (
	"errors"
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

func TestEscapes(t *testing.T) {
	for _, test := range []struct {
		typed []string // one string a read
		guest string
		do    []action
	}{
		{[]string{"ls\r"}, "ls\r", nil},
		{[]string{"\x03"}, "\x03", nil}, // Ctrl-C is the guest's
		{[]string{"a\x01xb"}, "ab", []action{leave}},
		{[]string{"\x01", "x"}, "", []action{leave}},
		{[]string{"\x01h\x01b"}, "", []action{showHelp, sendBreak}},
		{[]string{"\x01\x01", "\x01a"}, "\x01\x01", nil},
		{[]string{"\x01", "z"}, "\x01z", nil},
	} {
		var e escapes
		var guest []byte
		var did []action
		for _, read := range test.typed {
			for typed := []byte(read); len(typed) > 0; {
				send, do, rest := e.feed(typed)
				guest, typed = append(guest, send...), rest
				if do != none {
					did = append(did, do)
				}
			}
		}
		if string(guest) != test.guest || !slices.Equal(did, test.do) {
			t.Errorf("typing %q: guest gets %q, want %q; does %v, want %v", test.typed, guest, test.guest, did, test.do)
		}
	}
}

func TestUnknownAccelerator(t *testing.T) {
	if _, err := Prepare(t.Context(), Options{Accel: "hvf"}); err == nil {
		t.Error("accelerator hvf is accepted")
	}
}
