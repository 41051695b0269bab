package md

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	for _, version := range []string{"1.2", "0.90"} {
		m := made{slot: 1, number: 1, events: 7<<32 | 9, roles: []int{0, 1, RoleFaulty}, level: 5, slots: 3, uuid: 0xab, name: "box:data", version: version}
		if version == "0.90" {
			m.events, m.name = 9, ""
		}
		s, err := Parse(m.super(), version, 8)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		if s.Level != 5 || s.Slots != 3 || s.Events != m.events || !s.Clean || s.Role() != 1 || s.RoleOf(2) != RoleFaulty || s.Name != m.name || s.Recovering {
			t.Errorf("%s: read %+v", version, s)
		}
	}
	if host, name := (&Superblock{Name: "box:data"}).Split(); host != "box" || name != "data" {
		t.Errorf("split into %q and %q", host, name)
	}
}

func TestParseRefuses(t *testing.T) {
	sound := made{roles: []int{0, 1}, level: 1, slots: 2}
	for name, tt := range map[string]struct {
		change func(b []byte)
		want   error
	}{
		"no magic":          {func(b []byte) { b[0]++ }, ErrNone},
		"another place":     {func(b []byte) { b[144]++; resum(b) }, ErrNone},
		"version 2":         {func(b []byte) { b[4]++ }, ErrNone},
		"a flipped bit":     {func(b []byte) { b[200] ^= 4 }, ErrDamaged},
		"a flipped role":    {func(b []byte) { b[256] ^= 4 }, ErrDamaged},
		"too many devices":  {func(b []byte) { binary.LittleEndian.PutUint32(b[220:], 1<<31) }, ErrDamaged},
		"no slots":          {func(b []byte) { b[92] = 0; resum(b) }, ErrDamaged},
		"data behind stars": {func(b []byte) { b[135] = 0xff; resum(b) }, ErrDamaged},
	} {
		b := sound.super()
		tt.change(b)
		if s, err := Parse(b, "1.2", 8); !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v; want %v", name, s, err, tt.want)
		}
	}
	b := made{roles: []int{0, 1}, level: 1, slots: 2, version: "0.90"}.super()
	b[100]++
	if _, err := Parse(b, "0.90", 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("0.90 with a flipped bit: %v", err)
	}
}

func resum(b []byte) {
	n := 256 + 2*int(binary.LittleEndian.Uint32(b[220:]))
	binary.LittleEndian.PutUint32(b[216:], sum1(b[:n]))
}

func TestReadFindsEachPlace(t *testing.T) {
	const n = 10_007 // no round number: the places round down
	for sector, version := range map[uint64]string{8: "1.2", 0: "1.1", (n - 16) &^ 7: "1.0", n&^127 - 128: "0.90"} {
		disk := make([]byte, n*512)
		m := made{roles: []int{0, 1}, level: 1, slots: 2}
		if version == "0.90" {
			m.version = version
		}
		b := m.super()
		if version != "0.90" {
			binary.LittleEndian.PutUint64(b[144:], sector)
			resum(b)
		}
		copy(disk[sector*512:], b)
		if s, err := Read(bytes.NewReader(disk), n); err != nil || s.Version != version {
			t.Errorf("version %s: %+v, %v", version, s, err)
		}
	}
	if _, err := Read(bytes.NewReader(make([]byte, n*512)), n); !errors.Is(err, ErrNone) {
		t.Errorf("a blank disk: %v", err)
	}
}

// Whatever lies on a disk, reading it ends, and what is read is within bounds that planning relies on.
func FuzzParse(f *testing.F) {
	f.Add(made{roles: []int{0, 1}, level: 1, slots: 2}.super(), true)
	f.Add(made{roles: []int{0, 1, 2}, level: 5, slots: 3, version: "0.90"}.super(), false)
	f.Fuzz(func(t *testing.T, b []byte, one bool) {
		block := make([]byte, blockSize)
		copy(block, b)
		version := "0.90"
		if one {
			version = "1.2"
			// Past the checksum, where the rest of the parser is.
			if d := binary.LittleEndian.Uint32(block[220:]); d <= mostRoles {
				resum(block)
			}
		} else {
			binary.LittleEndian.PutUint32(block[4*38:], sum0(block))
		}
		s, err := Parse(block, version, 8)
		if err != nil {
			return
		}
		if s.Slots < 1 || s.Slots > mostRoles || slices.ContainsFunc(s.Roles, func(r int) bool { return r < 0 || r > 0xffff }) {
			t.Errorf("read %+v", s)
		}
		m := Member{Device: "x", Sectors: 1 << 60, Super: s}
		if set, problem := gather([]Member{m}); problem == "" {
			set.unfit(rowOf("raid1"))
			set.decide(Op{}, rowOf("raid1"), true)
		}
	})
}
