package update

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/internal/slot"
)

const (
	// A piece of an image above ownPart bytes is a part of its own, so that the next version, which has it elsewhere, need not bring it.
	ownPart = 64 << 10
	// pieceHead bytes of such a piece are one more part: headers of programs have sums and sizes of all that follows.
	pieceHead = 4 << 10
)

// noHash stands for a hash while a manifest is measured.
var noHash = strings.Repeat("0", 2*sha256.Size)

// parts cuts an image from byte head on along the pieces that it is made of. What lies between large ones is one part.
func parts(image *extent.Image, head int64) []slot.Part {
	var all []slot.Part
	from := head
	cut := func(to int64) {
		if to > from {
			all = append(all, slot.Part{Range: slot.Range{Offset: from, Size: to - from}, SHA256: noHash})
			from = to
		}
	}
	for _, run := range image.Runs() {
		at, end := run[0], run[0]+run[1]
		switch {
		case run[1] > ownPart:
			cut(at)
			cut(at + pieceHead)
			cut(end)
		case end-from > ownPart: // small ones, of which there are many
			cut(at)
		}
	}
	cut(image.Size())
	return all
}

// hash fills in the hashes.
func hash(image *extent.Image, parts []slot.Part) error {
	for i, p := range parts {
		h := sha256.New()
		if _, err := io.Copy(h, io.NewSectionReader(image, p.Offset, p.Size)); err != nil {
			return err
		}
		parts[i].SHA256 = hex.EncodeToString(h.Sum(nil))
	}
	return nil
}
