package media

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// early finds a file as the kernel does before it can unpack anything: in a plain archive that the initramfs begins with
// (find_cpio_data in lib/earlycpio.c; each number of a header has eight hexadecimal digits).
func early(initrd []byte, path string) []byte {
	const header = 110
	for len(initrd) >= header && string(initrd[:6]) == "070701" {
		number := func(i int) int {
			n, _ := strconv.ParseUint(string(initrd[6+8*i:14+8*i]), 16, 32)
			return int(n)
		}
		size, nameSize := number(6), number(11)
		at := (header + nameSize + 3) &^ 3
		if at+size > len(initrd) {
			return nil
		}
		name := string(initrd[header : header+nameSize-1])
		if name == path {
			return initrd[at : at+size]
		}
		initrd = initrd[(at+size+3)&^3:]
	}
	return nil
}

// Updates of processors lie where the kernel looks for them, whatever starts it: at the very beginning of the one initramfs that all
// media have. Readers of images see them, too.
func TestMicrocodeComesFirst(t *testing.T) {
	const path = "kernel/x86/microcode/GenuineIntel.bin"
	update := []byte("\x01\x00\x00\x00" + strings.Repeat("update", 1000))
	tools, i := fake(t, profile.FormatUKI, profile.FormatDisk, profile.FormatISO, profile.FormatNetboot)
	i.Plan.Compression = profile.Zstd
	i.Plan.Segments = slices.Insert(i.Plan.Segments, 0, plan.Segment{Name: "microcode", Plain: true, Files: []tree.File{{Path: path, Mode: 0o644, Size: int64(len(update)), Body: update}}})
	var err error
	if i.Initrd, err = (segments.Packer{Progress: progress.Discard, Epoch: i.Epoch}).Pack(t.Context(), i.Plan, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer // NAME-initrd.img, of the formats kernel and netboot
	if err := segments.Write(&file, i.Initrd); err != nil {
		t.Fatal(err)
	}
	if got := early(file.Bytes(), path); !bytes.Equal(got, update) {
		t.Errorf("the kernel finds %d bytes, want %d", len(got), len(update))
	}
	set, err := tools.Compose(i)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if len(set.Media) != 3 {
		t.Errorf("%d media", len(set.Media))
	}
	for _, m := range set.Media {
		made, err := m.compose()
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(io.NewSectionReader(made, 0, made.Size()))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(whole, file.Bytes()); n != 1 {
			t.Errorf("%s has the initramfs %d times", m.Name, n)
		}
	}
	opened, err := image.New(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]int{}
	err = opened.Walk(context.Background(), func(e image.Entry, r io.Reader) error {
		if r == nil {
			return nil
		}
		text, err := io.ReadAll(r)
		read[e.Path] = len(text)
		return err
	})
	if err != nil || read[path] != len(update) || read["etc/motd"] != len("hello") {
		t.Errorf("readers see %v, %v", read, err)
	}
}
