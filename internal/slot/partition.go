package slot

// The files of the record's partition. GRUB writes to files only, so the partition is an archive (ustar), and these are where the
// copies of the record lie.
const (
	RecordFile = "record"
	CopyFile   = "copy"
	apartFile  = "apart"
)

// Partition is the start of the record's partition, of which the rest is zero, with a first record. Errors say that it has no room.
func Partition(r Record) ([]byte, error) {
	block, err := r.Encode()
	if err != nil {
		return nil, err
	}
	const end = 2 * Sector // of an archive: two blocks of zeros
	b := make([]byte, RecordCopies[1]+RecordSize+end)
	put := func(name string, at, size int64) { copy(b[at-Sector:], header(name, size)) }
	put(RecordFile, RecordCopies[0], RecordSize)
	apart := RecordCopies[0] + RecordSize + Sector
	put(apartFile, apart, RecordCopies[1]-Sector-apart)
	put(CopyFile, RecordCopies[1], RecordSize)
	for _, at := range RecordCopies {
		copy(b[at:], block)
	}
	return b, nil
}

// First is the record of a disk that was just made: a version in slot A, which counts as good, for there is no other, and none in B.
func First(version string) Record {
	return Record{Number: 1, Start: A, Slots: [2]Slot{{State: Good, Version: version}, {State: Empty}}}
}
