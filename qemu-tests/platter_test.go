package qemu_tests

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// platter is the image of a disk with slots, in memory and in its file at once, as one power cut after the other leaves it.
type platter struct {
	file   string
	bytes  []byte
	record layout.Partition
	slots  map[slot.Name]layout.Partition
	// whole is what is known of the slots' content, until they are written to.
	whole map[slot.Name]error
}

func newPlatter(t *testing.T, file string) *platter {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &platter{file: file, record: partitionOf(t, file, layout.RecordName), whole: map[slot.Name]error{}}
	p.slots = map[slot.Name]layout.Partition{slot.A: partitionOf(t, file, layout.SlotAName), slot.B: partitionOf(t, file, layout.SlotBName)}
	if p.bytes, err = unix.Mmap(int(f.Fd()), 0, int(diskBytes(t, file)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(p.bytes) })
	return p
}

// in says whether all of a write lies in a partition.
func (w write) in(p layout.Partition) bool {
	return w.at >= p.Offset() && w.at+int64(len(w.data)) <= p.Offset()+p.Bytes()
}

// put writes, and returns what takes that back.
func (p *platter) put(w write) (was write) {
	was = write{at: w.at, data: bytes.Clone(p.bytes[w.at:][:len(w.data)])}
	copy(p.bytes[w.at:], w.data)
	for n, s := range p.slots {
		if w.in(s) {
			delete(p.whole, n)
		}
	}
	return was
}

// part is what is in a partition.
func (p *platter) part(of layout.Partition) []byte { return p.bytes[of.Offset():][:of.Bytes()] }

// copies are those of the record.
func (p *platter) copies() (first, second []byte) {
	all := p.part(p.record)
	return all[slot.RecordCopies[0]:][:slot.RecordSize], all[slot.RecordCopies[1]:][:slot.RecordSize]
}

// verdict says what would become of the box if it started now: what starts next is whole, and what it would fall back on is whole and good,
// by the init's reading and by GRUB's.
func (p *platter) verdict() error {
	r, _, err := slot.Read(bytes.NewReader(p.part(p.record)))
	if err != nil {
		return err
	}
	if s := r.Of(r.Start); s.State != slot.Good {
		return fmt.Errorf("slot %s is to start, and is %s", r.Start, s.State)
	}
	first, second := p.copies()
	queue, good := grubStarts(first, second)
	if !good {
		return fmt.Errorf("no slot is good: GRUB would start %v", queue)
	}
	if !slices.Contains(queue, r.Start) {
		return fmt.Errorf("GRUB would start %v, and slot %s is to start", queue, r.Start)
	}
	for _, n := range queue {
		if err := p.isWhole(n); err != nil {
			return fmt.Errorf("GRUB would start %v, the record says %+v: slot %s: %w", queue, r, n, err)
		}
	}
	return nil
}

// isWhole demands that what a slot holds is what its manifest says.
func (p *platter) isWhole(n slot.Name) error {
	if err, known := p.whole[n]; known {
		return err
	}
	content := p.part(p.slots[n])
	p.whole[n] = func() error {
		text, err := slot.ReadHead(bytes.NewReader(content))
		if err != nil {
			return err
		}
		m, err := slot.ParseManifest(text)
		if err != nil {
			return err
		}
		for _, part := range m.Parts {
			if sum := sha256.Sum256(content[part.Offset:][:part.Size]); hex.EncodeToString(sum[:]) != part.SHA256 {
				return fmt.Errorf("%d bytes at %d are not those of %s", part.Size, part.Offset, m.Version)
			}
		}
		return nil
	}()
	return p.whole[n]
}

// inArchive is a file of a slot, by another reader of archives than ours or GRUB's.
func (p *platter) inArchive(n slot.Name, name string) ([]byte, error) {
	for archive := tar.NewReader(bytes.NewReader(p.part(p.slots[n]))); ; {
		h, err := archive.Next()
		if err != nil {
			return nil, err
		}
		if h.Name == name {
			return io.ReadAll(archive)
		}
	}
}

// environment reads a block of GRUB's (grub-core/lib/envblk.c).
func environment(block []byte) (map[string]string, error) {
	text, ok := strings.CutPrefix(string(block), "# GRUB Environment Block\n")
	if !ok {
		return nil, errors.New("no block of GRUB's environment")
	}
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, pair := strings.Cut(line, "=")
		if value, whole := strings.CutSuffix(value, "\n"); pair && whole && !strings.HasPrefix(line, "#") {
			values[name] = value
		}
	}
	return values, nil
}

// grubStarts is what GRUB makes of the two copies of a record: the slots that it would start, one after the other where one cannot be
// started, and whether it has no doubt (build/grub, chooser.go).
func grubStarts(first, second []byte) (queue []slot.Name, good bool) {
	for _, block := range [][]byte{first, second} {
		r, err := environment(block)
		start, a, b, tries := slot.Name(r["start"]), slot.State(r["a"]), slot.State(r["b"]), r["tries"]
		if err != nil || start != slot.A && start != slot.B || !slices.Contains(slot.States, a) || !slices.Contains(slot.States, b) ||
			!regexp.MustCompile(`^[0-9]$`).MatchString(tries) {
			continue
		}
		states := map[slot.Name]slot.State{slot.A: a, slot.B: b}
		for _, n := range []slot.Name{slot.B, slot.A} { // the one that is named last counts
			if s := states[n]; tries != "0" && (s == slot.Next || s == slot.Trying) {
				queue = append(queue, n)
				break
			}
		}
		queue = append(queue, start)
		if other := start.Other(); states[other] == slot.Good {
			queue = append(queue, other)
		}
		return queue, a == slot.Good || b == slot.Good
	}
	return []slot.Name{slot.A, slot.B}, false
}
