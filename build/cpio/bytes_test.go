package cpio_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
)

// Images of one input are the same bytes for years, whatever the writer is made of: these sums are of 2026, from a writer
// that had every field of the header in its own hand.
func TestBytesStay(t *testing.T) {
	files := append(linked(), sample...)
	var whole, more bytes.Buffer
	if err := cpio.Write(&whole, files, epoch, openSample); err != nil {
		t.Fatal(err)
	}
	a := cpio.NewArchive(&more)
	if err := errors.Join(a.AddFiles(files, epoch, openSample), a.Close()); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		archive []byte
		want    string
	}{
		"whole": {whole.Bytes(), "01ae3031597d889808619ab7cac9a7851690706c2a62cddaef25f6bceac4b26b"},
		"more":  {more.Bytes(), "0a72101203e9cd473be6a3fdb7bd996cba80949d9b8d6d8ad7696336f5996a11"},
	} {
		sum := sha256.Sum256(tt.archive)
		if got := hex.EncodeToString(sum[:]); got != tt.want || len(tt.archive)%4 != 0 {
			t.Errorf("%s: %d bytes, SHA-256 %s, want %s", name, len(tt.archive), got, tt.want)
		}
	}
}
