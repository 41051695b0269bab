package disk_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/slot"
)

func TestDiskWithSlots(t *testing.T) {
	first := strings.NewReader("what a slot holds")
	c := config(t)
	c.Boot, c.Slots = nil, &disk.Slots{Size: 3 << 20, First: first, Version: "2026.49", Chooser: &grub.Chooser{BIOS: []byte("chooses"), Program: strings.NewReader("MZ chooses")}}
	m, d, err := disk.New(c)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) *io.SectionReader {
		p := d.Find(name)
		return io.NewSectionReader(m, p.Offset(), p.Bytes())
	}
	r, whole, err := slot.Read(at(layout.RecordName))
	if err != nil || !whole || r.Start != slot.A || r.Of(slot.A) != (slot.Slot{State: slot.Good, Version: "2026.49"}) || r.Of(slot.B).State != slot.Empty || r.Tries != 0 {
		t.Errorf("the record says %+v, %v, %v", r, whole, err)
	}
	for name, want := range map[string]string{layout.SlotAName: "what a slot holds", layout.SlotBName: ""} {
		b, err := io.ReadAll(at(name))
		if err != nil || len(b) != 3<<20 || string(bytes.TrimRight(b, "\x00")) != want {
			t.Errorf("%s has %d bytes, which begin with %.20q, %v", name, len(b), b, err)
		}
	}
	esp, err := fat.Open(at(layout.ESPName), d.Find(layout.ESPName).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = esp.Walk(func(e fat.Entry) error {
		if e.Dir {
			return nil
		}
		b, err := io.ReadAll(io.NewSectionReader(e.Content, 0, e.Content.Size()))
		files[e.Path] = string(b)
		return err
	})
	if err != nil || len(files) != 3 || files[grub.ProgramPath] != "MZ chooses" || files[grub.ConfigPath] != "chooses" || files["site.toml"] != "# empty\n" {
		t.Errorf("in the system partition there are %q, %v", files, err)
	}
}
