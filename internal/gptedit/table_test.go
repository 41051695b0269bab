package gptedit

import (
	"bytes"
	"errors"
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
	tb.Extend(1, 50)
	if err := tb.Fit(int64(len(disk) / Sector)); err != nil {
		t.Fatal(err)
	}
	for _, p := range append(tb.Begin(), tb.Backup()) {
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
		for _, p := range append(tb.Begin(), tb.Backup()) {
			copy(again[p.Offset:], p.Bytes)
		}
		if !bytes.Equal(again, disk) {
			t.Errorf("%s: writing what was read changes the disk", name)
		}
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
			tb.Partitions()
			_ = tb.Fit(1 << 30)
			tb.Backup()
		}
		if tb, err := ReadBackup(bytes.NewReader(disk), int64(len(disk)/Sector)); err == nil {
			tb.Begin()
		}
	})
}
