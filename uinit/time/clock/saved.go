package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// savedLimit is more than a time of RFC 3339 takes, in bytes.
const savedLimit = 64

// Save writes t to a file in one step.
func Save(file string, t time.Time) error {
	if err := bounded.Write(file, []byte(t.UTC().Format(time.RFC3339)+"\n"), 0o644); err != nil {
		return fmt.Errorf("keeping the time: %w", err)
	}
	return nil
}

// Saved reads what Save wrote; a zero time where there is none yet.
func Saved(file string) (time.Time, error) {
	b, err := bounded.Read(file, savedLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("reading the last good time: %w", err)
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the last good time from %s: %w", file, err)
	}
	return t, nil
}

// Marker is a file under /run that says that the clock was set since the machine started.
type Marker string

// Exists is for Syncer.WasSet.
func (m Marker) Exists() bool {
	_, err := bounded.Read(string(m), 0)
	return err == nil
}

// Make is for Syncer.MarkSet.
func (m Marker) Make() error {
	if err := bounded.Make(filepath.Dir(string(m)), 0o755); err != nil {
		return err
	}
	return bounded.Write(string(m), nil, 0o644)
}
