package signature

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// signed is what firmware writes, at a byte of a device.
type signed struct {
	at    int64
	bytes []byte
}

// firmwares make the marks of each kind for a device of so many bytes, by the layouts that
// util-linux and dmraid describe.
func firmwares() map[string]func(size int64) []signed {
	end := func(size, sectors int64) int64 { return (size/512 - sectors) * 512 }
	text := func(sectors int64, what string) func(int64) []signed {
		return func(size int64) []signed { return []signed{{end(size, sectors), []byte(what)}} }
	}
	magic := func(at func(int64) int64, word uint32) func(int64) []signed {
		return func(size int64) []signed { return []signed{{at(size), little.AppendUint32(nil, word)}} }
	}
	eleventh := func(size int64) int64 { return end(size, 11) }
	ninth := func(int64) int64 { return 9*512 + 32 }
	all := map[string]func(int64) []signed{
		"isw": text(2, "Intel Raid ISM Cfg Sig. 1.1.00"), "lsi": text(1, "$XIDE$"),
		"hpt45x":     magic(eleventh, 0x5a7816f3),
		"hpt45x bad": magic(eleventh, 0x5a7816fd),
		"hpt37x":     magic(ninth, 0x5a7816f0),
		"hpt37x bad": magic(ninth, 0x5a7816fd),
		"via":        func(size int64) []signed { return []signed{{end(size, 1), viaMark(2)}} },
		"via of version 0": func(size int64) []signed {
			return []signed{{end(size, 1), viaMark(0)}}
		},
		"via of the future": func(size int64) []signed { return []signed{{end(size, 1), viaMark(3)}} },
		"via, wrong sum": func(size int64) []signed {
			b := viaMark(2)
			b[50]++
			return []signed{{end(size, 1), b}}
		},
		"silicon": func(size int64) []signed {
			b := make([]byte, 512)
			little.PutUint32(b[0x60:], 0x2f000000)
			b[0x116], b[0x20], b[0x10a] = 1, 77, 2
			little.PutUint16(b[0x13e:], -words(b[:0x13e]))
			return []signed{{end(size, 1), b}}
		},
		"silicon, wrong sum": func(size int64) []signed {
			b := make([]byte, 512)
			little.PutUint32(b[0x60:], 0x2f000000)
			return []signed{{end(size, 1), b}}
		},
		"nvidia": func(size int64) []signed {
			b := make([]byte, 120)
			copy(b, "NVIDIA  ")
			little.PutUint32(b[8:], 30)
			little.PutUint32(b[40:], 0xdeadbeef)
			var sum uint32
			for i := 0; i < 120; i += 4 {
				sum += little.Uint32(b[i:])
			}
			little.PutUint32(b[12:], -sum)
			return []signed{{end(size, 2), b}}
		},
		"adaptec": func(size int64) []signed {
			b := make([]byte, 512)
			copy(b, "\x37\xfc\x4d\x1e")
			copy(b[256:], "DPTM")
			return []signed{{end(size, 1), b}}
		},
		"jmicron": func(size int64) []signed {
			b := make([]byte, 128)
			copy(b, "JM")
			b[0x30], b[0x21] = 1, 'x'
			little.PutUint16(b[4:], -words(b))
			return []signed{{end(size, 1), b}}
		},
		"ddf":                         func(size int64) []signed { return ddfMark(size, 1, true) },
		"ddf before a spare room":     func(size int64) []signed { return ddfMark(size, 257, true) },
		"ddf without its first":       func(size int64) []signed { return ddfMark(size, 1, true)[:1] },
		"ddf that names no first":     func(size int64) []signed { return ddfMark(size, 1, false) },
		"an Intel half that is silly": text(2, "Intel Raid ISM Cfg Sig"),
	}
	for _, sectors := range []int64{63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087} {
		all[fmt.Sprintf("promise at %d", sectors)] = text(sectors, "Promise Technology, Inc.")
	}
	for _, level := range []string{"1.2", "1.1", "1.0", "0.90"} {
		all["linux "+level] = func(size int64) []signed { return []signed{mdMark(size, level)} }
	}
	return all
}

func viaMark(version byte) []byte {
	b := make([]byte, 51)
	copy(b, "\x55\xaa")
	b[2], b[3], b[5] = version, 0x10, 1
	copy(b[14:], "serials of the disks of an array")
	for _, c := range b[:50] {
		b[50] += c
	}
	return b
}

func ddfMark(size, sectors int64, first bool) []signed {
	b, be := make([]byte, 512), binary.BigEndian
	be.PutUint32(b, 0xde11de11)
	copy(b[4:], "\xff\xff\xff\xff")
	copy(b[8:], "Linux-MD\xde\xad\xbe\xef")
	copy(b[32:], "01.02.00")
	primary := size/512 - 300
	if first {
		be.PutUint64(b[96:], uint64(primary))
	}
	be.PutUint32(b[4:], ^crc32.Update(^uint32(0), crc32.IEEETable, b))
	return []signed{{(size/512 - sectors) * 512, b}, {primary * 512, b[:4]}}
}

func mdMark(size int64, version string) signed {
	b := make([]byte, 4096)
	little.PutUint32(b, MDMagic)
	for _, p := range MDPlaces {
		at := p.Sector(size / 512)
		switch {
		case p.Version != version:
			continue
		case version == "0.90":
			little.PutUint32(b[8:], 90)
			little.PutUint32(b[32:], uint32(max(0, at/2)))
		default:
			little.PutUint32(b[4:], 1)
			copy(b[32:], "box:data")
			little.PutUint64(b[144:], uint64(at))
			var sum uint64
			for i := 0; i < 256; i += 4 {
				sum += uint64(little.Uint32(b[i:]))
			}
			little.PutUint32(b[216:], uint32(sum)+uint32(sum>>32))
		}
		return signed{at * 512, b}
	}
	panic("BUG: no version " + version)
}

// libblkid tells what RAID's mark it finds and where.
func libblkid(t *testing.T, file string) (found []string) {
	t.Helper()
	kind, err := exec.Command("blkid", "--probe", "--usages", "raid", "--match-tag", "TYPE", "--output", "value", file).Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 2) { // 2 is nothing
		t.Fatalf("blkid: %v", err)
	}
	if len(kind) == 0 {
		return nil
	}
	out, err := exec.Command("wipefs", "--no-act", "--json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("wipefs: %v: %s", err, out)
	}
	var listed struct {
		Signatures []struct{ Type, Offset string }
	}
	if len(out) > 0 {
		if err := json.Unmarshal(out, &listed); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for _, s := range listed.Signatures {
		if at, err := strconv.ParseInt(s.Offset, 0, 64); err == nil && s.Type == strings.TrimSpace(string(kind)) {
			found = append(found, fmt.Sprintf("%s at byte %d", s.Type, at))
		}
	}
	return found
}

func ours(t *testing.T, file string) (found []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for _, look := range []probe{Arrays, Firmware} {
		all, err := look(f, info.Size())
		if err != nil {
			t.Error(err)
		}
		for _, s := range all {
			if s.Kind != RAID || s.Name == "" && s.Type != "linux_raid_member" {
				t.Errorf("%+v", s)
			}
			found = append(found, fmt.Sprintf("%s at byte %d", s.Type, s.At))
		}
	}
	slices.Sort(found)
	return found
}

// What libblkid says, of devices of all sizes: with less room than any array leaves, with an odd one behind the last
// block, and with more than 2 TiB.
func TestLikeLibblkid(t *testing.T) {
	seen := map[string]int{}
	for name, write := range firmwares() {
		for _, size := range []int64{512, 64 << 10, tiny, tiny + 512, 4 << 20, 5<<20 + 1000, 8<<20 + 4608, 2<<40 + 123*512, 3 << 40} {
			if strings.HasPrefix(name, "promise at ") && size != 5<<20+1000 && size != 3<<40 {
				continue // one place is like the other
			}
			file := filepath.Join(t.TempDir(), "disk")
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range write(size) {
				if m.at >= 0 && m.at+int64(len(m.bytes)) <= size {
					_, failed := f.WriteAt(m.bytes, m.at)
					err = errors.Join(err, failed)
				}
			}
			if err := errors.Join(err, f.Truncate(size), f.Close()); err != nil {
				t.Fatal(err)
			}
			got, want := ours(t, file), libblkid(t, file)
			if size <= tiny && strings.HasPrefix(name, "linux ") {
				continue // where libblkid looks for none at all, and mdadm makes some
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s on %d bytes: %v, libblkid finds %v", name, size, got, want)
			}
			for _, s := range got {
				kind, _, _ := strings.Cut(s, " ")
				seen[kind]++
			}
		}
	}
	for _, m := range append(makers, maker{kind: "ddf_raid_member"}, maker{kind: "linux_raid_member"}) {
		if seen[m.kind] == 0 {
			t.Errorf("no device of the test has %s", m.kind)
		}
	}
}

// Random sectors at a device's end are nobody's.
func FuzzFirmware(f *testing.F) {
	f.Add(viaMark(2), uint16(1))
	f.Add(ddfMark(1<<20, 1, true)[0].bytes, uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, back uint16) {
		disk := make([]byte, 1<<20+512)
		copy(disk[max(0, len(disk)-512*int(back)):], b)
		for _, look := range []probe{Arrays, Firmware} {
			found, err := look(bytesAt(disk), int64(len(disk)))
			if err != nil {
				t.Error(err)
			}
			for _, s := range found {
				if s.At < 0 || s.At >= int64(len(disk)) {
					t.Errorf("%+v", s)
				}
			}
		}
	})
}

type bytesAt []byte

func (b bytesAt) ReadAt(p []byte, at int64) (int, error) {
	n := copy(p, b[at:])
	if n < len(p) {
		return n, errors.New("read past the end")
	}
	return n, nil
}
