package update_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub/grubtest"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/build/update"
	"github.com/imgbuild/imgbuild/internal/slot"
)

var kernel = ukitest.Kernel("6.1.0-test", 300_000)

// segment of an initramfs, of so many bytes that are like no other's.
func segment(seed byte, size int) []byte {
	b := make([]byte, size)
	state := sha256.Sum256([]byte{seed})
	for at := 0; at < size; at += copy(b[at:], state[:]) {
		state = sha256.Sum256(state[:])
	}
	return b
}

// composed is an update whose initramfs has these segments.
func composed(t *testing.T, line string, segments ...[]byte) []byte {
	t.Helper()
	initrd, at := extent.New(int64(len(bytes.Join(segments, nil)))), int64(0)
	for _, s := range segments {
		initrd.Place(at, bytes.NewReader(s))
		at += int64(len(s))
	}
	unified, err := uki.New(ukitest.Stub(1024), uki.Parts{Linux: bytes.NewReader(kernel), Initrd: initrd, Cmdline: line})
	if err != nil {
		t.Fatal(err)
	}
	m, err := update.New(update.Config{Profile: "box", Version: "2026.49", Cmdline: line, Boot: grubtest.Slot(t, unified)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(m, 0, m.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func manifest(t *testing.T, image []byte) *slot.Manifest {
	t.Helper()
	text, err := slot.ReadHead(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	m, err := slot.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestUpdate(t *testing.T) {
	large, small := segment(1, 200_001), segment(2, 1000)
	image := composed(t, "quiet", large, small)
	m := manifest(t, image)
	if m.Size != int64(len(image)) || m.Profile != "box" || m.Version != "2026.49" || m.Cmdline != "quiet" || m.Loader != slot.LoaderFormat {
		t.Errorf("the manifest says %+v", m)
	}
	for _, p := range m.Parts {
		if sum := sha256.Sum256(image[p.Offset:][:p.Size]); hex.EncodeToString(sum[:]) != p.SHA256 {
			t.Errorf("the part at %d has another hash", p.Offset)
		}
	}
	if !bytes.Equal(image[m.Kernel.Offset:][:m.Kernel.Size], kernel) || !bytes.Equal(image[m.Initrd.Offset:][:m.Initrd.Size], slices.Concat(large, small)) {
		t.Error("kernel or initramfs do not lie where the manifest says")
	}
	// GRUB on a BIOS reads them by their sectors, from the slot's start.
	files := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(image)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		b, err2 := io.ReadAll(r)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		files[h.Name] = string(b)
	}
	menu := regexp.MustCompile(`linux \(\$root\)(\d+)\+(\d+) quiet \$from_slot; then if initrd \(\$root\)(\d+)\+`).FindStringSubmatch(files["grub.cfg"])
	if len(files) != 3 || menu == nil || menu[1] != strconv.FormatInt(m.Kernel.Offset/512, 10) || menu[3] != strconv.FormatInt(m.Initrd.Offset/512, 10) {
		t.Errorf("kernel at %d, initramfs at %d; the menu is\n%s", m.Kernel.Offset, m.Initrd.Offset, files["grub.cfg"])
	}
	if !bytes.Equal(image, composed(t, "quiet", large, small)) {
		t.Error("equal configurations give other bytes")
	}
}

// missing is how many bytes of an update a box must fetch that has another one.
func missing(has, wants *slot.Manifest) (n int64) {
	there := map[string]bool{}
	for _, p := range has.Parts {
		there[p.SHA256] = true
	}
	n = wants.Parts[0].Offset
	for _, p := range wants.Parts {
		if !there[p.SHA256] {
			n += p.Size
		}
	}
	return n
}

// What did not change is a part that the running version has, wherever it lies now.
func TestWhatIsFetched(t *testing.T) {
	a, b, c := segment(1, 2<<20), segment(2, 3000), segment(3, 1<<20)
	first := manifest(t, composed(t, "quiet", a, b, c))
	second := manifest(t, composed(t, "quiet panic=10 and=much_more_so_that_what_follows_moves", a, segment(4, 4000), c))
	if n := missing(first, second); n > 40_000 {
		t.Errorf("%d bytes are fetched for some that changed", n)
	}
	if n := missing(first, manifest(t, composed(t, "quiet", a, b, segment(5, 1<<20)))); n < 1<<20 || n > 1<<20+40_000 {
		t.Errorf("%d bytes are fetched for a large segment", n)
	}
}

// Many small pieces are several parts of a middle size, for one of them to change.
func TestSmallPieces(t *testing.T) {
	var all [][]byte
	for i := range 100 {
		all = append(all, segment(byte(i), 20_000))
	}
	first := composed(t, "quiet", all...)
	all[50] = segment(200, 20_000)
	m := manifest(t, first)
	if n := missing(m, manifest(t, composed(t, "quiet", all...))); n > 200_000 || len(m.Parts) > 60 {
		t.Errorf("%d bytes are fetched for one of them, of %d parts", n, len(m.Parts))
	}
}
