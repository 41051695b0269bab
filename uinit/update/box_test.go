package update

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// box is one with two slots of 4 MiB, in files, that runs 2026.48 out of slot a.
type box struct {
	*updater
	dir     string
	reboots int
}

// pieces are what versions are made of, by name: equal names are equal bytes.
func piece(name string, size int) []byte {
	h := sha256.Sum256([]byte(name))
	b := make([]byte, size)
	rand.NewChaCha8(h).Read(b)
	return b
}

// image composes a version out of pieces, as the builder does.
func image(t *testing.T, version string, change func(*slot.Manifest), pieces ...[]byte) []byte {
	t.Helper()
	m := slot.Manifest{Format: slot.ManifestFormat, Profile: "box", Version: version, Loader: slot.LoaderFormat, Cmdline: "quiet"}
	var rest []byte
	for _, p := range pieces {
		sum := sha256.Sum256(p)
		m.Parts = append(m.Parts, slot.Part{Range: slot.Range{Size: int64(len(p))}, SHA256: hex.EncodeToString(sum[:])})
		rest = append(rest, p...)
	}
	if change != nil {
		change(&m)
	}
	var text []byte
	for range 3 { // its length is part of what it says
		at := slot.HeadSize(len(text))
		for i := range m.Parts {
			m.Parts[i].Offset = at
			at += m.Parts[i].Size
		}
		m.Size = at
		var err error
		if text, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
	}
	return append(slot.Head(text), rest...)
}

const slotSize = 4 << 20

func newBox(t *testing.T) *box {
	t.Helper()
	dir := t.TempDir()
	d := featuretest.Deps(t, spec.Machine{Update: &spec.Update{Keys: []string{"ssh-ed25519 AAAA me"}}})
	defaults.Fill(d.Machine.Image.Update)
	d.Machine.Image.Profile, d.Machine.Image.Version, d.Machine.Image.Proof = "box", "2026.48", `{"shares": {}}`
	b := &box{updater: newUpdater(d), dir: dir}
	b.on = &disk{filepath.Join(dir, "record"), map[slot.Name]string{slot.A: filepath.Join(dir, "a"), slot.B: filepath.Join(dir, "b")}, slot.A}
	b.book = &book{device: b.on.record}
	b.trust = func(_ context.Context, manifest, signature []byte) (string, error) {
		if string(signature) != "signed" {
			return "", io.ErrUnexpectedEOF
		}
		return "SHA256:x me", nil
	}
	b.updater.reboot = func() error { b.reboots++; return nil }
	running := image(t, "2026.48", nil, piece("kernel", 1<<20), piece("modules", 300_032), piece("config 48", 20_992))
	b.put(t, "record", make([]byte, 1<<20))
	b.put(t, "a", append(running, make([]byte, slotSize-len(running))...))
	b.put(t, "b", make([]byte, slotSize))
	b.set(t, slot.Record{Start: slot.A, Slots: [2]slot.Slot{{State: slot.Good, Version: "2026.48"}, {State: slot.Empty}}})
	return b
}

func (b *box) put(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(b.dir, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (b *box) set(t *testing.T, r slot.Record) {
	t.Helper()
	if err := b.book.write(&r); err != nil {
		t.Fatal(err)
	}
}

func (b *box) record(t *testing.T) *slot.Record {
	t.Helper()
	r, whole, err := b.book.read()
	if err != nil || !whole {
		t.Fatalf("the record: %v, whole %v", err, whole)
	}
	return &r
}

// give takes an update, as a person gives it.
func (b *box) give(t *testing.T, update []byte, args ...string) error {
	t.Helper()
	file := b.put(t, "x.update", update)
	b.put(t, "x.update.sig", []byte("signed"))
	return b.apply(t.Context(), append([]string{file}, args...), ignore)
}

func (b *box) slotIs(t *testing.T, n slot.Name, want []byte) {
	t.Helper()
	got, err := os.ReadFile(b.on.slots[n])
	if err != nil || !bytes.Equal(got[:len(want)], want) {
		t.Errorf("slot %s does not hold the version's bytes: %v", n, err)
	}
}
