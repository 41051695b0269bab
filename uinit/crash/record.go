package crash

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Record is what a boot leaves to the next one when it ends by crashes.
type Record struct {
	// Reboots counts the boots in a row that ended so.
	Reboots int `json:"reboots"`
	// Reason is how the last worker ended, one line.
	Reason string `json:"reason"`
}

// maxRecord bounds what is believed to be a record, in bytes.
const maxRecord = 1024

// place is where a record outlives a boot.
type place interface {
	String() string
	// read returns an error that is fs.ErrNotExist where there is no record.
	read() ([]byte, error)
	write([]byte) error
	remove() error
}

// Places are those of a machine, the best first.
type Places []place

// PlacesOf lists the directories that a profile keeps state in, and the firmware's variables. kept says whether a
// directory outlives a boot. Nothing is written elsewhere: a machine with neither forgets.
func PlacesOf(m *spec.Machine, kept func(dir string) bool) Places {
	dirs := []string{m.Time.State, m.Entropy.State}
	if m.SSH != nil {
		dirs = append(dirs, m.SSH.State)
	}
	var all Places
	for _, dir := range dirs {
		if dir != "" && kept(dir) {
			all = append(all, file{dir})
		}
	}
	return append(all, variable{efivars})
}

// Keep counts one more reboot and leaves word of it in the first place that takes it. It returns the count, which is 1
// with an error where no place does.
func (p Places) Keep(reason string) (reboots int, err error) {
	last, _ := p.Recall()
	r := Record{Reboots: last.Reboots + 1, Reason: clip(reason)}
	text, err := json.Marshal(r)
	if err != nil {
		return 1, err
	}
	var failed []error
	for _, at := range p {
		if err := at.write(text); err != nil {
			failed = append(failed, fmt.Errorf("leaving word in %v: %w", at, err))
			continue
		}
		return r.Reboots, nil
	}
	return 1, errors.Join(append([]error{errors.New("the next boot will not know why this one ended")}, failed...)...)
}

// Recall returns the record that the last boot left; the error is fs.ErrNotExist where there is none. What lies there
// others may have written: it counts no further than it makes sense.
func (p Places) Recall() (Record, error) {
	for _, at := range p {
		var r Record
		text, err := at.read()
		if err != nil || json.Unmarshal(text, &r) != nil || r.Reboots < 1 {
			continue
		}
		r.Reboots, r.Reason = min(r.Reboots, 1000), clip(r.Reason)
		return r, nil
	}
	return Record{}, fs.ErrNotExist
}

// Forget removes the record everywhere.
func (p Places) Forget() error {
	var failed []error
	for _, at := range p {
		if err := at.remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, fmt.Errorf("removing the record of crashes from %v: %w", at, err))
		}
	}
	return errors.Join(failed...)
}

// clip makes one short line of a text of any kind.
func clip(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(strings.ToValidUTF8(s, "?")), "\n")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:197]) + "..."
	}
	return s
}
