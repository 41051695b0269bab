package slot

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// HeadSize is how many bytes a manifest of so many bytes takes at the slot's start.
func HeadSize(manifest int) int64 {
	return Sector + (int64(manifest)+Sector-1)/Sector*Sector
}

// Head is what a slot begins with: the manifest as the archive's first file.
func Head(manifest []byte) []byte {
	b := make([]byte, HeadSize(len(manifest)))
	copy(b, header(ManifestName, int64(len(manifest))))
	copy(b[Sector:], manifest)
	return b
}

// header is that of a regular file of an archive (POSIX.1-1988, ustar): root's, 0444, without a time.
func header(name string, size int64) []byte {
	h := make([]byte, Sector)
	copy(h, name)
	copy(h[100:], fmt.Sprintf("%07o\x00%07o\x00%07o\x00%011o\x00%011o\x00        0", 0o444, 0, 0, size, 0))
	copy(h[257:], "ustar\x0000")
	total := 0
	for _, c := range h {
		total += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", total))
	return h
}

// ManifestSize reads how long the manifest is that a slot begins with, filled up to whole sectors, from the slot's first sector. What is
// shorter than that is no slot.
func ManifestSize(first []byte) (padded int64, err error) {
	size, err := headSize(first)
	return HeadSize(int(size)) - Sector, err
}

// errNone says that there is no manifest.
var errNone = errors.New("reading the manifest: this is no update of imgbuild's: it does not begin with one")

func headSize(first []byte) (int64, error) {
	if len(first) != Sector {
		return 0, errNone
	}
	size, err := strconv.ParseInt(string(first[124:135]), 8, 64)
	if err != nil || size <= 0 || size > MaxManifest || string(first) != string(header(ManifestName, size)) {
		return 0, errNone
	}
	return size, nil
}

// ReadHead reads the text of the manifest that a slot, or an update, begins with. It is not judged yet.
func ReadHead(from io.Reader) ([]byte, error) {
	first := make([]byte, Sector)
	if _, err := io.ReadFull(from, first); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", short(err))
	}
	size, err := headSize(first)
	if err != nil {
		return nil, err
	}
	text := make([]byte, HeadSize(int(size))-Sector)
	if _, err := io.ReadFull(from, text); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", short(err))
	}
	return text[:size], nil
}

func short(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
