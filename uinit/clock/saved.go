package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// SavedName is the file of the last good time in the directory that the profile gives.
const SavedName = "clock"

// Save writes t to dir in one step.
func Save(dir string, t time.Time) error {
	temp := filepath.Join(dir, "."+SavedName+".new")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(t.UTC().Format(time.RFC3339) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp, filepath.Join(dir, SavedName))
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// Saved reads what Save wrote; a zero time where there is none yet.
func Saved(dir string) (time.Time, error) {
	path := filepath.Join(dir, SavedName)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("reading the last good time: %w", err)
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the last good time from %s: %w", path, err)
	}
	return t, nil
}

// Marker is a file under /run that says that the clock was set since the machine started.
type Marker string

// Exists is for Syncer.WasSet.
func (m Marker) Exists() bool {
	_, err := os.Stat(string(m))
	return err == nil
}

// Make is for Syncer.MarkSet.
func (m Marker) Make() error {
	if err := os.MkdirAll(filepath.Dir(string(m)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(string(m), nil, 0o644)
}
