package update

import (
	"io"
	"os"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// local is a slot of this disk, of which parts may serve again.
type local struct {
	file  *os.File
	parts map[string]slot.Part
}

// openLocal opens a slot; where it holds nothing that can be read it has no parts.
func openLocal(device string, m *slot.Manifest) (*local, error) {
	l := &local{parts: map[string]slot.Part{}}
	if m == nil {
		return l, nil
	}
	f, err := direct.Open(device, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	l.file = f
	for _, p := range m.Parts {
		l.parts[p.SHA256] = p
	}
	return l, nil
}

// has says where a part lies that is whole: it is read once for that.
func (l *local) has(p slot.Part) (slot.Part, bool) {
	own, ok := l.parts[p.SHA256]
	if !ok || own.Size != p.Size {
		return own, false
	}
	return own, part(own, io.Discard, func(to io.Writer) error { return l.copy(own, to) }) == nil
}

// copy reads a part.
func (l *local) copy(p slot.Part, to io.Writer) error {
	start := p.Offset / direct.Block * direct.Block
	from := sequential(io.NewSectionReader(l.file, start, 1<<62-start))
	if _, err := io.CopyN(io.Discard, from, p.Offset-start); err != nil {
		return err
	}
	_, err := io.CopyN(to, from, p.Size)
	return err
}

func (l *local) close() {
	if l.file != nil {
		l.file.Close()
	}
}
