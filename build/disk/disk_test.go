package disk_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/grub/grubtest"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/needed"
)

var (
	kernel = ukitest.Kernel("6.1.0-56-amd64", 7_000_001)
	initrd = ukitest.Kernel("initrd", 5_000_300)
)

func composed(t testing.TB) *extent.Image { return grubtest.Composed(t, kernel, initrd) }

func config(t testing.TB) disk.Config {
	t.Helper()
	return disk.Config{
		Name:  "headless",
		Epoch: time.Unix(1700000000, 0),
		Boot:  grubtest.Medium(t, composed(t)),
		GRUB:  &grub.DiskLoader{Boot: bytes.Repeat([]byte{1}, 512), Core: bytes.Repeat([]byte{2}, 100_000)},
		Files: []fat.File{{Path: "site.toml", Content: strings.NewReader("# empty\n")}},
		State: 8 << 20, StateImage: strings.NewReader("a file system"),
	}
}

func write(t testing.TB, c disk.Config) (string, layout.Disk) {
	t.Helper()
	image, d, err := disk.New(c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "disk.img"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := image.WriteSparse(f); err != nil {
		t.Fatal(err)
	}
	return f.Name(), d
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGRUBFindsKernelAndInitrd follows the sectors that grub.cfg names.
func TestGRUBFindsKernelAndInitrd(t *testing.T) {
	needed.Program(t, "mtype")
	path, d := write(t, config(t))
	esp := d.Find(layout.ESPName)
	volume := fmt.Sprintf("%s@@%d", path, esp.Offset())
	cfg, err := exec.Command("mtype", "-i", volume, "::boot/grub/grub.cfg").Output()
	if err != nil {
		t.Fatal(err)
	}
	whole := read(t, path)
	for command, want := range map[string][]byte{"linux": kernel, "initrd": initrd} {
		m := regexp.MustCompile(command + ` \(\$root\)(\d+)\+(\d+)`).FindSubmatch(cfg)
		if m == nil {
			t.Fatalf("no %s in\n%s", command, cfg)
		}
		start, _ := strconv.ParseInt(string(m[1]), 10, 64)
		count, _ := strconv.Atoi(string(m[2]))
		got := whole[esp.Offset()+start*512:][:count*512]
		if !bytes.HasPrefix(got, want) || count != (len(want)+511)/512 || len(bytes.Trim(got[len(want):], "\x00")) > 0 {
			t.Errorf("%s is not at %d+%d", command, start, count)
		}
	}
	image, err := exec.Command("mtype", "-i", volume, "::EFI/BOOT/BOOTX64.EFI").Output()
	if want, _ := io.ReadAll(io.NewSectionReader(composed(t), 0, composed(t).Size())); err != nil || !bytes.Equal(image, want) {
		t.Errorf("firmware finds %d bytes, not the UKI of %d (%v)", len(image), len(want), err)
	}
}

func TestOthersFindNoFault(t *testing.T) {
	path, d := write(t, config(t))
	t.Run("sgdisk", func(t *testing.T) {
		if out, err := exec.Command(needed.Program(t, "sgdisk"), "-v", path).CombinedOutput(); err != nil || !strings.Contains(string(out), "No problems found") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("fsck.vfat", func(t *testing.T) {
		esp := d.Find(layout.ESPName)
		volume := filepath.Join(t.TempDir(), "esp")
		if err := os.WriteFile(volume, read(t, path)[esp.Offset():][:esp.Bytes()], 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(needed.Program(t, "fsck.vfat"), "-n", "-v", volume).CombinedOutput(); err != nil || !strings.Contains(string(out), "32 bit entries") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestPartsLieWhereTheTableSays(t *testing.T) {
	path, want := write(t, config(t))
	whole := read(t, path)
	table, err := gptedit.Read(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range table.Partitions() {
		if w := want.Partitions[i]; table.Name(p.Number) != w.Name || p.First != w.Start || p.Last != w.Start+w.Size-1 {
			t.Errorf("the table says %+v is %s, the layout %+v", p, table.Name(p.Number), w)
		}
	}
	if !bytes.HasPrefix(whole, bytes.Repeat([]byte{1}, 0x5c)) {
		t.Error("the MBR is not GRUB's")
	}
	for name, content := range map[string]string{layout.BootName: "\x02\x02", layout.StateName: "a file system\x00"} {
		if !bytes.HasPrefix(whole[want.Find(name).Offset():], []byte(content)) {
			t.Errorf("%s does not begin with %q", name, content)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if allocated, payload := info.Sys().(*syscall.Stat_t).Blocks*512, int64(len(kernel)+len(initrd)); allocated > payload*13/10 {
		t.Errorf("%d bytes are allocated for a payload of %d", allocated, payload)
	}
}

func TestWrittenTwiceTheBytesAreEqual(t *testing.T) {
	one, _ := write(t, config(t))
	two, _ := write(t, config(t))
	if !bytes.Equal(read(t, one), read(t, two)) {
		t.Error("they differ")
	}
}

func TestADiskForUEFIAlone(t *testing.T) {
	c := config(t)
	c.GRUB, c.State, c.StateImage = nil, 0, nil
	_, d := write(t, c)
	if len(d.Partitions) != 1 || d.Partitions[0].Type != layout.ESP {
		t.Errorf("got %v", d.Partitions)
	}
}

func TestFaultsNameTheProfile(t *testing.T) {
	for want, edit := range map[string]func(*disk.Config){
		"the state partition of 8388608 bytes is to hold 8388609": func(c *disk.Config) { c.StateImage = extent.New(8<<20 + 1) },
		"adding efi/boot/bootx64.efi":                             func(c *disk.Config) { c.Files[0].Path = "efi/boot/bootx64.efi" },
		"it has no section .linux":                                func(c *disk.Config) { c.Boot = grubtest.Medium(t, bytes.NewReader(ukitest.Stub(1024))) },
		"boot.img has 0 bytes":                                    func(c *disk.Config) { c.GRUB = &grub.DiskLoader{Core: make([]byte, 1000)} },
		"GRUB's core has 2097152 bytes":                           func(c *disk.Config) { c.GRUB.Core = make([]byte, 2<<20) },
	} {
		c := config(t)
		edit(&c)
		if _, _, err := disk.New(c); err == nil || !strings.HasPrefix(err.Error(), "composing the disk of headless: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
}
