package qemu_tests

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// updating is an appliance whose disk has two slots.
const updating = `
formats = ["kernel", "disk", "update"]

[kernel]
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests"]

[update]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtHslSlNAnKTh8nrHSAtL32tq1gy5iDmiHsKBwlHhRz test"]
`

// slotDisk is a disk with a version in both slots.
type slotDisk struct {
	t    *testing.T
	path string
	f    *os.File
	// readOnly: the machine cannot write to it.
	readOnly bool
}

func newSlotDisk(t *testing.T, a appliance) *slotDisk {
	t.Helper()
	d := &slotDisk{t: t, path: filepath.Join(t.TempDir(), "disk")}
	if out, err := exec.Command("cp", "--sparse=always", build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk), d.path).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	var err error
	if d.f, err = os.OpenFile(d.path, os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.f.Close() })
	return d
}

// partition reads and writes one of the disk's.
func (d *slotDisk) partition(name string) *partition {
	return &partition{partitionOf(d.t, d.path, name), d.f}
}

type partition struct {
	layout.Partition
	f *os.File
}

func (p *partition) ReadAt(b []byte, at int64) (int, error)  { return p.f.ReadAt(b, p.Offset()+at) }
func (p *partition) WriteAt(b []byte, at int64) (int, error) { return p.f.WriteAt(b, p.Offset()+at) }

// put writes an update to slot B.
func (d *slotDisk) put(a appliance) {
	d.t.Helper()
	update, err := os.ReadFile(build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatUpdate))
	if err == nil {
		_, err = d.partition(layout.SlotBName).WriteAt(update, 0)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// spoil turns bits of a slot's file, counted from its content on.
func (d *slotDisk) spoil(in, name string, from, to int64) {
	d.t.Helper()
	p := d.partition(in)
	all := make([]byte, p.Bytes())
	if _, err := p.ReadAt(all, 0); err != nil {
		d.t.Fatal(err)
	}
	header := 0
	for ; !bytes.HasPrefix(all[header:], []byte(name+"\x00")); header += slot.Sector {
		if header+slot.Sector >= len(all) {
			d.t.Fatalf("no %s in %s", name, in)
		}
	}
	from, to = int64(header)+slot.Sector+from, int64(header)+slot.Sector+to
	for i := from; i < to; i++ {
		all[i] ^= 0xff
	}
	if _, err := p.WriteAt(all[from:to], from); err != nil {
		d.t.Fatal(err)
	}
}

func (d *slotDisk) record() (slot.Record, bool) {
	d.t.Helper()
	r, whole, err := slot.Read(d.partition(layout.RecordName))
	if err != nil {
		d.t.Fatal(err)
	}
	return r, whole
}

// copies are those of the record that are not damaged.
func (d *slotDisk) copies() (all []slot.Record) {
	d.t.Helper()
	for _, at := range slot.RecordCopies {
		b := make([]byte, slot.RecordSize)
		if _, err := d.partition(layout.RecordName).ReadAt(b, at); err != nil {
			d.t.Fatal(err)
		}
		if r, err := slot.Decode(b); err == nil {
			all = append(all, r)
		}
	}
	return all
}

// empty spoils the archive in a slot.
func (d *slotDisk) empty(in string) { d.t.Helper(); d.spoil(in, "manifest.json", -512, 64<<10) }

// becomes writes the record in which slots have states.
func (d *slotDisk) becomes(a, b slot.State, tries int) {
	d.t.Helper()
	r, _ := d.record()
	r.Slots[0].State, r.Slots[1], r.Tries = a, slot.Slot{State: b, Version: "1"}, tries
	if err := slot.Write(d.partition(layout.RecordName), func() error { return nil }, &r); err != nil {
		d.t.Fatal(err)
	}
}

// damage spoils a copy of the record.
func (d *slotDisk) damage(copies ...int) {
	for _, i := range copies {
		if _, err := d.partition(layout.RecordName).WriteAt(bytes.Repeat([]byte{'?'}, slot.RecordSize), slot.RecordCopies[i]); err != nil {
			d.t.Fatal(err)
		}
	}
}

// starts waits for the kernel that is started from the disk, and says from which slot; none where the machine starts anew instead.
func (d *slotDisk) starts(a appliance, firmware string, cert *x509.Certificate) slot.Name {
	t := d.t
	t.Helper()
	a = a.from(way{firmware: firmware, medium: profile.FormatDisk})
	a.options.Medium.Path, a.options.SecureBoot = d.path, cert
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	for i := range vm.Config.Disks {
		vm.Config.Disks[i].Snapshot, vm.Config.Disks[i].ReadOnly = false, d.readOnly
	}
	g := startFor(t, vm.Config, 4*limit)
	defer g.Kill()
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(t.Context(), 4*limit)
	defer end()
	line := regexp.MustCompile(`Command line: .*\n`)
	if _, err := console.Expect(ctx, line); err != nil {
		if exit := g.Wait(); exit.Reason == "guest-reset" {
			return ""
		}
		t.Fatalf("%v; the console shows:\n%q", err, console.Text())
	}
	m := regexp.MustCompile(`Command line: .* uinit\.slot=([ab])\s`).FindStringSubmatch(console.Text())
	if m == nil {
		t.Fatalf("no slot in %q", line.FindString(console.Text()))
	}
	return slot.Name(m[1])
}

// GRUB starts what the record says, counts before it does, and knows a way on where the record or a slot is damaged.
func TestSlots(t *testing.T) {
	t.Parallel()
	needed.File(t, qemu.OVMFSecureCode)
	key, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	open := extended(t, updating, map[string]string{})
	signed := open
	if full() {
		signed = extended(t, updating+"[secureboot]\nkey  = \"box.key\"\ncert = \"box.crt\"\n",
			map[string]string{"box.key": string(uki.EncodeKey(key)), "box.crt": string(uki.EncodeCertificate(cert))})
	}
	type state struct {
		b     slot.State
		tries int
	}
	for _, tt := range []struct {
		name  string
		a     slot.State // good, unless it says something else
		begin state
		spoil func(d *slotDisk)
		want  slot.Name
		// then is what the record says after that; whole, whether both copies do.
		then  state
		whole bool
		// usual: not in the full run alone. only: one kind of firmware, where the chooser does the same on all.
		usual  bool
		only   string
		secure bool
	}{
		{name: "as it was built", begin: state{slot.Empty, 0}, want: slot.A, then: state{slot.Empty, 0}, whole: true, only: qemu.BIOS},
		{name: "next", begin: state{slot.Next, 3}, want: slot.B, then: state{slot.Trying, 2}, whole: true, usual: true},
		{name: "last try", begin: state{slot.Trying, 1}, want: slot.B, then: state{slot.Trying, 0}, whole: true, only: qemu.BIOS},
		{name: "no try left", begin: state{slot.Trying, 0}, want: slot.A, then: state{slot.Trying, 0}, whole: true},
		{name: "writing", begin: state{slot.Writing, 0}, want: slot.A, then: state{slot.Writing, 0}, whole: true, only: qemu.BIOS},
		{name: "bad", begin: state{slot.Bad, 0}, want: slot.A, then: state{slot.Bad, 0}, whole: true, only: qemu.BIOS},
		{name: "first copy damaged", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.damage(0) }, want: slot.B, then: state{slot.Trying, 2}},
		{name: "second copy damaged", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.damage(1) }, want: slot.B, then: state{slot.Trying, 2}, only: qemu.BIOS},
		{name: "both damaged", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.damage(0, 1) }, want: slot.A},
		{name: "menu damaged", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.spoil(layout.SlotBName, "grub.cfg", 0, 1024) }, want: slot.A, then: state{slot.Trying, 2}, whole: true, only: qemu.BIOS},
		{name: "nothing there", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.empty(layout.SlotBName) }, want: slot.A, then: state{slot.Trying, 2}, whole: true},
		{name: "kernel damaged", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.spoilKernel() }, want: slot.A, then: state{slot.Trying, 2}, whole: true},
		{name: "first slot unreadable", begin: state{slot.Good, 0}, spoil: func(d *slotDisk) { d.empty(layout.SlotAName) }, want: slot.B, then: state{slot.Good, 0}, whole: true, only: qemu.UEFI},
		{name: "neither is good", a: slot.Bad, begin: state{slot.Bad, 0}, want: slot.A, then: state{slot.Bad, 0}, whole: true, only: qemu.BIOS},
		{name: "neither starts", begin: state{slot.Good, 0}, spoil: func(d *slotDisk) { d.empty(layout.SlotAName); d.empty(layout.SlotBName) }, then: state{slot.Good, 0}, whole: true},
		{name: "cannot be written", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.readOnly = true }, want: slot.A, then: state{slot.Next, 3}, whole: true},
		{name: "program unsigned", begin: state{slot.Next, 3}, spoil: func(d *slotDisk) { d.put(open) }, want: slot.A, then: state{slot.Trying, 2}, whole: true, secure: true},
	} {
		for _, firmware := range []string{qemu.BIOS, qemu.UEFI, "secure"} {
			secure := firmware == "secure"
			if tt.only != "" && tt.only != firmware || tt.secure && !secure {
				continue
			}
			t.Run(firmware+" "+tt.name, func(t *testing.T) {
				if !tt.usual || secure {
					long(t)
				}
				a, firmware, trusted := open, firmware, (*x509.Certificate)(nil)
				if secure {
					a, firmware, trusted = signed, qemu.UEFI, cert
				}
				d := newSlotDisk(t, a)
				d.put(a)
				d.becomes(cmp.Or(tt.a, slot.Good), tt.begin.b, tt.begin.tries)
				if tt.spoil != nil {
					tt.spoil(d)
				}
				if got := d.starts(a, firmware, trusted); got != tt.want {
					t.Errorf("slot %q is started, want %q", got, tt.want)
				}
				if tt.then == (state{}) {
					return
				}
				if r, whole := d.record(); whole != tt.whole || r.Start != slot.A {
					t.Errorf("the record says %+v, both copies whole: %v, want %v", r, whole, tt.whole)
				}
				copies := d.copies()
				if whole := len(copies) == 2; whole != tt.whole {
					t.Errorf("%d copies are left", len(copies))
				}
				for _, r := range copies {
					if got := (state{r.Of(slot.B).State, r.Tries}); got != tt.then {
						t.Errorf("a copy of the record says %+v, want %+v", r, tt.then)
					}
				}
			})
		}
	}
}

// spoilKernel turns the bits of the kernel's first sectors, where its header is.
func (d *slotDisk) spoilKernel() {
	d.t.Helper()
	p := d.partition(layout.SlotBName)
	text, err := slot.ReadHead(io.NewSectionReader(p, 0, p.Bytes()))
	if err != nil {
		d.t.Fatal(err)
	}
	m, err := slot.ParseManifest(text)
	if err != nil {
		d.t.Fatal(err)
	}
	b := make([]byte, 4096)
	if _, err := p.ReadAt(b, m.Kernel.Offset); err != nil {
		d.t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 0xff
	}
	if _, err := p.WriteAt(b, m.Kernel.Offset); err != nil {
		d.t.Fatal(err)
	}
}

// Who leaves the menu of a signed slot for the firmware's next entry gets that, and not the other slot.
func TestSlotsLeftForTheFirmware(t *testing.T) {
	t.Parallel()
	long(t)
	needed.File(t, qemu.OVMFSecureCode)
	key, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	a := extended(t, updating+"[menu]\nwait = \"1m\"\n[secureboot]\nkey  = \"box.key\"\ncert = \"box.crt\"\n",
		map[string]string{"box.key": string(uki.EncodeKey(key)), "box.crt": string(uki.EncodeCertificate(cert))}).from(way{firmware: qemu.UEFI, medium: profile.FormatDisk})
	a.options.SecureBoot = cert
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	console, err := startFor(t, vm.Config, 2*limit).Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	// The keys are named twice, and what is typed in between may get lost between GRUB and the firmware, which both read it.
	for _, step := range [][2]string{{`\[Esc\] (?s:.*)\[Esc\] Show this as a menu, and wait`, "l"}, {`Back to the firmware`, ""}, {`BdsDxe: `, ""}} {
		if _, err := console.Expect(ctx, regexp.MustCompile(step[0])); err != nil {
			t.Fatalf("%v; the console shows:\n%q", err, console.Text())
		}
		if err := console.Send(step[1]); err != nil {
			t.Fatal(err)
		}
	}
	if other := regexp.MustCompile(`cannot be started|Linux version`).FindString(console.Text()); other != "" {
		t.Errorf("the chooser went on: %s", other)
	}
}
