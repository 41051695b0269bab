package iso_test

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
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/grub/grubtest"
	"github.com/imgbuild/imgbuild/build/iso"
	"github.com/imgbuild/imgbuild/build/iso9660"
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

func config(t testing.TB) iso.Config {
	t.Helper()
	return iso.Config{
		Name:     "head-less",
		Epoch:    time.Unix(1700000000, 0),
		Boot:     grubtest.Medium(t, composed(t)),
		GRUB:     &grub.ISOLoader{Hybrid: bytes.Repeat([]byte{1}, 512), CD: bytes.Repeat([]byte{2}, 2048), Core: bytes.Repeat([]byte{3}, 100_001)},
		Files:    []iso9660.File{{Path: "README.txt", Content: strings.NewReader("read me\n")}},
		ESPFiles: []fat.File{{Path: "site.toml", Content: strings.NewReader("# empty\n")}},
	}
}

func write(t testing.TB, c iso.Config) (path string, whole []byte) {
	t.Helper()
	image, err := iso.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if whole, err = io.ReadAll(io.NewSectionReader(image, 0, image.Size())); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "image.iso")
	if err := os.WriteFile(path, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	return path, whole
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(needed.Program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestXorrisoSeesBothWaysToStart(t *testing.T) {
	path, _ := write(t, config(t))
	out := strings.Join(strings.Fields(tool(t, "xorriso", "-no_rc", "-indev", path, "-report_el_torito", "plain", "-report_system_area", "plain")), " ")
	for _, want := range []string{
		"El Torito boot img : 1 BIOS y none 0x0000 0x00 4 ", "El Torito boot img : 2 UEFI y none 0x0000 0x00 ",
		"El Torito img opts : 1 boot-info-table grub2-boot-info", "GPT partition path : 1 /boot/efi.img",
		"System area summary: MBR protective-msdos-label grub2-mbr cyl-align-off GPT", "Volume id : 'HEAD_LESS'",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestGRUBFindsKernelAndInitrd follows the sectors that grub.cfg names.
func TestGRUBFindsKernelAndInitrd(t *testing.T) {
	path, whole := write(t, config(t))
	cfg := filepath.Join(t.TempDir(), "grub.cfg")
	tool(t, "xorriso", "-no_rc", "-osirrox", "on", "-indev", path, "-extract", "/boot/grub/grub.cfg", cfg)
	text, err := os.ReadFile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string][]byte{"linux": kernel, "initrd": initrd} {
		m := regexp.MustCompile(command + ` \(\$root\)(\d+)\+(\d+)`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("no %s in\n%s", command, text)
		}
		start, _ := strconv.Atoi(string(m[1]))
		count, _ := strconv.Atoi(string(m[2]))
		if !bytes.HasPrefix(whole[start*512:], want) || count != (len(want)+511)/512 {
			t.Errorf("%s is not at %d+%d", command, start, count)
		}
	}
}

func TestAsAStickItHasASystemPartition(t *testing.T) {
	path, whole := write(t, config(t))
	table, err := gptedit.ReadBackup(bytes.NewReader(whole), int64(len(whole))/layout.Sector)
	if err != nil || len(table.Partitions()) != 1 || table.Type(1) != layout.ESP.String() {
		t.Fatalf("the table says %v (%v)", table, err)
	}
	if !bytes.HasPrefix(whole, bytes.Repeat([]byte{1}, 0x1b0)) {
		t.Error("the MBR is not GRUB's")
	}
	esp := filepath.Join(t.TempDir(), "esp")
	p := table.Partitions()[0]
	if err := os.WriteFile(esp, whole[p.First*layout.Sector:(p.Last+1)*layout.Sector], 0o666); err != nil {
		t.Fatal(err)
	}
	t.Run("sgdisk", func(t *testing.T) {
		if out := tool(t, "sgdisk", "-v", path); !strings.Contains(out, "No problems found") {
			t.Error(out)
		}
	})
	t.Run("fsck.vfat", func(t *testing.T) { tool(t, "fsck.vfat", "-n", esp) })
	t.Run("mtools", func(t *testing.T) {
		if got := tool(t, "mtype", "-i", fmt.Sprintf("%s@@%d", path, p.First*layout.Sector), "::site.toml"); got != "# empty\n" {
			t.Errorf("site.toml is %q", got)
		}
		want, _ := io.ReadAll(io.NewSectionReader(composed(t), 0, composed(t).Size()))
		if got := tool(t, "mtype", "-i", esp, "::EFI/BOOT/BOOTX64.EFI"); got != string(want) {
			t.Errorf("firmware finds %d bytes, not the UKI of %d", len(got), len(want))
		}
	})
}

func TestWrittenTwiceTheBytesAreEqual(t *testing.T) {
	_, one := write(t, config(t))
	_, two := write(t, config(t))
	if !bytes.Equal(one, two) {
		t.Error("they differ")
	}
}

func TestAnISOForUEFIAlone(t *testing.T) {
	c := config(t)
	c.GRUB = nil
	path, _ := write(t, c)
	if out := tool(t, "xorriso", "-no_rc", "-indev", path, "-report_el_torito", "plain"); !strings.Contains(out, "1  UEFI") || strings.Contains(out, "BIOS") {
		t.Error(out)
	}
}

func TestFaultsNameTheProfile(t *testing.T) {
	for want, edit := range map[string]func(*iso.Config){
		"adding boot/efi.img: something":    func(c *iso.Config) { c.Files[0].Path = "boot/efi.img" },
		"adding EFI/boot: something":        func(c *iso.Config) { c.ESPFiles[0].Path = "EFI/boot" },
		"it has no section .linux":          func(c *iso.Config) { c.Boot = grubtest.Medium(t, bytes.NewReader(ukitest.Stub(1024))) },
		"cdboot.img have 512 and 440 bytes": func(c *iso.Config) { c.GRUB.CD = make([]byte, 440) },
		"below 4 GiB":                       func(c *iso.Config) { c.Files[0].Content = extent.New(1 << 32) },
	} {
		c := config(t)
		edit(&c)
		if _, err := iso.New(c); err == nil || !strings.HasPrefix(err.Error(), "composing the ISO of head-less: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
}
