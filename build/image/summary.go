package image

import (
	"context"
	"crypto/sha256"
	"io"
	"path"
)

// Summary is what two images are compared by.
type Summary struct {
	Kind       Kind
	Tree       *Tree
	Partitions []Partition
	// Cmdlines are the kernel's command lines by where they stand.
	Cmdlines map[string]string
}

// maxCmdline bounds a command line that is kept, in bytes.
const maxCmdline = 64 << 10

// Summarize reads the whole image.
func (m *Image) Summarize(ctx context.Context) (*Summary, error) {
	s := &Summary{Kind: m.Kind, Tree: NewTree(), Cmdlines: map[string]string{}}
	switch m.Kind {
	case Disk, QCOW2, VMDK, VHD:
		var err error
		if s.Partitions, err = Partitions(m.Content, m.Content.Size()); err != nil {
			return nil, err
		}
	}
	number := 0
	return s, m.Walk(ctx, func(e Entry, content io.Reader) error {
		n, err := s.Tree.Add(e, number)
		if number++; err != nil || n == nil || content == nil || e.Kind != "" || e.Same != "" && e.Size == 0 {
			return err
		}
		sum := sha256.New()
		if path.Base(e.Path) == ".cmdline" && e.Size <= maxCmdline {
			text, err := io.ReadAll(content)
			if err != nil {
				return err
			}
			s.Cmdlines[e.Path] = string(text)
			sum.Write(text)
		} else if _, err := io.Copy(sum, content); err != nil {
			return err
		}
		sum.Sum(n.content.SHA256[:0])
		return nil
	})
}
