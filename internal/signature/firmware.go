package signature

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// maker is how the firmware of one maker of boards or controllers signs the disks of its arrays. Offsets and checks are
// those of util-linux, libblkid/src/superblocks/*_raid.c. Most lie behind the data, which begins at sector 0: each
// half of a mirror looks like a disk of its own, file systems and all.
type maker struct {
	kind, name string
	// places are where it may lie on a device of so many bytes.
	places func(size int64) []int64
	length int
	// magic is where in it libblkid says that it is.
	magic int64
	is    func(b []byte) bool
}

var makers = []maker{
	{"isw_raid_member", "Matrix RAID (Intel)", imsmPlaces, 32, 0, begins("Intel Raid ISM Cfg Sig. ")},
	{"lsi_mega_raid_member", "MegaRAID (LSI)", fromEnd(1), 6, 0, begins("$XIDE$")},
	{"via_raid_member", "VIA RAID", fromEnd(1), 51, 0, isVIA},
	{"silicon_medley_raid_member", "Silicon Image Medley RAID", fromEnd(1), 512, 0x60, isSilicon},
	{"nvidia_raid_member", "MediaShield RAID (NVIDIA)", fromEnd(2), 120, 0, isNVIDIA},
	{"promise_fasttrack_raid_member", "Promise FastTrak RAID", fromEnd(63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087), 24, 0,
		begins("Promise Technology, Inc.")},
	{"hpt45x_raid_member", "HighPoint 45x RAID", fromEnd(11), 4, 0, begins("\xf3\x16\x78\x5a", "\xfd\x16\x78\x5a")},
	{"hpt37x_raid_member", "HighPoint 37x RAID", func(int64) []int64 { return []int64{9*512 + 32} }, 4, 0, begins("\xf0\x16\x78\x5a", "\xfd\x16\x78\x5a")},
	{"adaptec_raid_member", "HostRAID (Adaptec)", fromEnd(1), 512, 0, isAdaptec},
	{"jmicron_raid_member", "JMicron RAID", fromEnd(1), 128, 0, isJMicron},
}

// tiny is the size of a floppy disk in bytes. On such libblkid looks for no array.
const tiny = 1440 << 10

// Firmware finds the marks of arrays that a board's or a controller's firmware, and its driver for another system, make
// of whole disks. They mean nothing on a partition. Name is the maker's for it.
func Firmware(r io.ReaderAt, size int64) ([]Found, error) {
	if size <= tiny {
		return nil, nil
	}
	found, err := ddf(r, size)
	if err != nil {
		return found, err
	}
	for _, m := range makers {
		for _, place := range m.places(size) {
			b, err := at(r, size, place, m.length)
			if err != nil {
				return found, err
			}
			if b != nil && m.is(b) {
				found = append(found, Found{Type: m.kind, Kind: RAID, At: place + m.magic, Name: m.name})
				break
			}
		}
	}
	return found, nil
}

// fromEnd are the last sectors but so many less one: 1 is the last.
func fromEnd(sectors ...int64) func(size int64) []int64 {
	return func(size int64) []int64 {
		places := make([]int64, len(sectors))
		for i, n := range sectors {
			places[i] = (size/512 - n) * 512
		}
		return places
	}
}

// imsmPlaces is the last sector but one, where sectors have 512 bytes and where they have 4096.
func imsmPlaces(size int64) []int64 { return []int64{(size/512 - 2) * 512, (size/4096 - 2) * 4096} }

func begins(with ...string) func([]byte) bool {
	return func(b []byte) bool {
		for _, w := range with {
			if bytes.HasPrefix(b, []byte(w)) {
				return true
			}
		}
		return false
	}
}

var little = binary.LittleEndian

func isVIA(b []byte) bool {
	var sum byte
	for _, c := range b[:50] {
		sum += c
	}
	return little.Uint16(b) == 0xaa55 && b[2] <= 2 && sum == b[50]
}

func isSilicon(b []byte) bool {
	const magic, disk, checksum = 0x60, 0x116, 0x13e
	return little.Uint32(b[magic:]) == 0x2f000000 && b[disk] < 8 && words(b[:checksum])+little.Uint16(b[checksum:]) == 0
}

func isNVIDIA(b []byte) bool {
	var sum uint32
	for i := 0; i < 120; i += 4 {
		sum += little.Uint32(b[i:])
	}
	return begins("NVIDIA  ")(b) && little.Uint32(b[8:]) == 120/4 && sum == 0 // with the checksum that it holds
}

func isAdaptec(b []byte) bool {
	return binary.BigEndian.Uint32(b) == 0x37fc4d1e && string(b[256:260]) == "DPTM"
}

func isJMicron(b []byte) bool {
	const mode = 0x30
	return begins("JM")(b) && b[mode] <= 5 && words(b) <= 1
}

// words is the sum of b as words of 16 bits.
func words(b []byte) (sum uint16) {
	for i := 0; i < len(b); i += 2 {
		sum += little.Uint16(b[i:])
	}
	return sum
}

// ddf finds the header of SNIA's Common RAID Disk Data Format 2.0 (section 5.5): in the last sector, or 256 before that, and where the
// header says that another lies.
func ddf(r io.ReaderAt, size int64) ([]Found, error) {
	const magic, sumAt, primaryAt = 0xde11de11, 4, 96
	be := binary.BigEndian
	for _, place := range fromEnd(1, 257)(size) {
		b, err := at(r, size, place, 512)
		if err != nil {
			return nil, err
		}
		if b == nil || be.Uint32(b) != magic {
			continue
		}
		want := be.Uint32(b[sumAt:])
		copy(b[sumAt:], "\xff\xff\xff\xff")
		// mdadm and libblkid begin with zero and leave the sum as it is; zlib's way is that of ISO 3309.
		if want != ^crc32.Update(^uint32(0), crc32.IEEETable, b) && want != crc32.ChecksumIEEE(b) {
			continue
		}
		if primary := be.Uint64(b[primaryAt:]); primary > 0 {
			first, err := at(r, size, int64(primary<<9), 4)
			if err != nil {
				return nil, err
			}
			if first == nil || be.Uint32(first) != magic {
				return nil, nil
			}
		}
		return []Found{{Type: "ddf_raid_member", Kind: RAID, At: place, Name: "DDF RAID"}}, nil
	}
	return nil, nil
}
