package slot

import (
	"errors"
	"fmt"
	"io"
)

// Read reads the record out of its partition. Of two whole copies the one that was written later counts; whole says whether both are,
// and equal in number.
func Read(partition io.ReaderAt) (r Record, whole bool, err error) {
	var found []Record
	var failed []error
	for _, at := range RecordCopies {
		block := make([]byte, RecordSize)
		_, err := partition.ReadAt(block, at)
		var copied Record
		if err == nil {
			copied, err = Decode(block)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("reading the record of slots at byte %d: %w", at, err))
			continue
		}
		found = append(found, copied)
	}
	switch {
	case len(found) == 0:
		return r, false, errors.Join(failed...)
	case len(found) == 1:
		return found[0], false, nil
	case later(&found[1], &found[0]):
		return found[1], false, nil
	}
	return found[0], found[0].Number == found[1].Number, nil
}

// later says whether a was written after b. GRUB counts tries in the copy that it reads, and does not number what it writes.
func later(a, b *Record) bool {
	if a.Number != b.Number {
		return int32(a.Number-b.Number) > 0
	}
	return a.Tries < b.Tries
}

// Write writes both copies of the record, one after the other, with a number above the last one's. sync returns when what was written
// is on the disk. One of the copies is whole at any time.
func Write(partition io.WriterAt, sync func() error, r *Record) error {
	if r.format > RecordFormat {
		return fmt.Errorf("writing the record of slots: it has format %d, which a later version wrote, and this one knows %d", r.format, RecordFormat)
	}
	r.Number++
	block, err := r.Encode()
	if err != nil {
		return err
	}
	for _, at := range RecordCopies {
		if _, err := partition.WriteAt(block, at); err != nil {
			return fmt.Errorf("writing the record of slots: %w", err)
		}
		if err := sync(); err != nil {
			return fmt.Errorf("writing the record of slots: %w", err)
		}
	}
	return nil
}
