package gptedit

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// fresh is a small disk with a table of one partition.
func fresh(t testing.TB) []byte {
	t.Helper()
	disk := make([]byte, 200*Sector)
	tb := &Table{mbr: disk[:Sector], header: make([]byte, Sector), entries: make([]byte, 128*leastEntry)}
	h := tb.header
	copy(h, signature)
	le.PutUint32(h[atLength:], leastHeader)
	le.PutUint32(h[atCount:], 128)
	le.PutUint32(h[atEach:], leastEntry)
	tb.swap(1, 2, 0)
	copy(tb.entries, "a type of 16 byt0123456789abcdef")
	le.PutUint64(tb.entries[32:], 40)
	copy(tb.entries[56:], "d\x00a\x00t\x00a\x00 \x00\xfc\x00\x34\xd8\x1e\xdd")
	tb.Extend(1, 50)
	if err := tb.Fit(int64(len(disk) / Sector)); err != nil {
		t.Fatal(err)
	}
	for _, p := range append(tb.Start(), tb.Backup()) {
		copy(disk[p.Offset:], p.Bytes)
	}
	return disk
}

func TestReadBothEnds(t *testing.T) {
	disk := fresh(t)
	for name, read := range map[string]func() (*Table, error){
		"begin": func() (*Table, error) { return Read(bytes.NewReader(disk)) },
		"end":   func() (*Table, error) { return ReadBackup(bytes.NewReader(disk), 200) },
	} {
		tb, err := read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := tb.Partitions(), (Partition{1, "33323130-3534-3736-3839-616263646566", 40, 50}); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		again := bytes.Clone(disk)
		for _, p := range append(tb.Start(), tb.Backup()) {
			copy(again[p.Offset:], p.Bytes)
		}
		if !bytes.Equal(again, disk) {
			t.Errorf("%s: writing what was read changes the disk", name)
		}
	}
}

// A table that is damaged at one end is read from the other, as it was: the rows, and what they say.
func TestReadEither(t *testing.T) {
	for name, tt := range map[string]struct {
		damage []int
		whole  bool
	}{
		"whole": {nil, true}, "header": {[]int{Sector + 60}, true}, "no header": {[]int{Sector}, true}, "entries": {[]int{2*Sector + 40}, true},
		"backup": {[]int{199*Sector + 60}, true}, "both": {[]int{Sector + 60, 199*Sector + 60}, false},
	} {
		disk := fresh(t)
		for _, at := range tt.damage {
			disk[at] ^= 1
		}
		tb, err := ReadEither(bytes.NewReader(disk), 200)
		if (err == nil) != tt.whole {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (len(tb.Partitions()) != 1 || tb.Partitions()[0].Last != 50 || tb.Name(1) != "data ü𝄞" || tb.Type(1) != "79742061-6570-6f20-6620-313620627974") {
			t.Errorf("%s: %+v, %q of type %s", name, tb.Partitions(), tb.Name(1), tb.Type(1))
		}
	}
	for _, sectors := range []int64{0, 1, 2, 100} {
		if _, err := ReadEither(bytes.NewReader(make([]byte, sectors*Sector)), sectors); !errors.Is(err, ErrNone) {
			t.Errorf("%d sectors of zeros: %v", sectors, err)
		}
	}
}

// A name may fill its place to the last unit, where no 0 ends it.
func TestLongestName(t *testing.T) {
	tb, err := Read(bytes.NewReader(fresh(t)))
	if err != nil {
		t.Fatal(err)
	}
	copy(tb.entries[56:128], bytes.Repeat([]byte{'x', 0}, 36))
	if got := tb.Name(1); got != strings.Repeat("x", 36) {
		t.Errorf("%q", got)
	}
}

func TestDamageIsSeen(t *testing.T) {
	for name, tt := range map[string]struct {
		at   int
		none bool
	}{"signature": {Sector, true}, "header": {Sector + 60, false}, "entries": {2*Sector + 3, false}} {
		disk := fresh(t)
		disk[tt.at] ^= 1
		if _, err := Read(bytes.NewReader(disk)); err == nil || errors.Is(err, ErrNone) != tt.none {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(bytes.NewReader(nil)); !errors.Is(err, ErrNone) {
		t.Errorf("an empty disk: %v", err)
	}
	tb, err := Read(bytes.NewReader(fresh(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := tb.Fit(80); err == nil {
		t.Error("a partition fits a disk that is too small for it")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(fresh(f))
	f.Fuzz(func(t *testing.T, disk []byte) {
		if tb, err := Read(bytes.NewReader(disk)); err == nil {
			for _, p := range tb.Partitions() {
				tb.Name(p.Number)
				tb.Type(p.Number)
			}
			_ = tb.Fit(1 << 30)
			tb.Backup()
		}
		if tb, err := ReadBackup(bytes.NewReader(disk), int64(len(disk)/Sector)); err == nil {
			tb.Start()
		}
	})
}
