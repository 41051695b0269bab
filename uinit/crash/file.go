package crash

import (
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// file is a record in a directory that a profile keeps state in. Others may write there.
type file struct{ dir string }

func (f file) String() string { return f.name() }
func (f file) name() string   { return filepath.Join(f.dir, "uinit-crash") }

func (f file) read() ([]byte, error) { return bounded.Read(f.name(), maxRecord) }

// write is complete or has not been: the machine is about to go down.
func (f file) write(text []byte) error { return bounded.Write(f.name(), text, 0o600) }

func (f file) remove() error { return bounded.Remove(f.name()) }
