package flash

import (
	"bytes"
	"errors"
	"io"

	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// relocate fits the partition table at an image's start to a disk of so many sectors of
// 512 bytes. It changes the few fields that depend on the disk's size and leaves all
// else as it is. It returns the new start and the backup for the disk's end; without a
// partition table neither.
func relocate(image io.ReaderAt, head []byte, sectors int64) (start, backup []byte, err error) {
	t, err := gptedit.Read(image)
	if errors.Is(err, gptedit.ErrNone) {
		return nil, nil, nil
	}
	if err == nil {
		err = t.Fit(sectors)
	}
	if err != nil {
		return nil, nil, err
	}
	head = bytes.Clone(head)
	for _, p := range t.Start() {
		if p.Offset+int64(len(p.Bytes)) > int64(len(head)) {
			return nil, nil, errors.New("its entries lie far from its header")
		}
		copy(head[p.Offset:], p.Bytes)
	}
	return head, t.Backup().Bytes, nil
}
