package sysctl

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/sysctl/plan"
)

// settings are the profile's settings of the kernel, and what each reads as once it is made: a setting may
// read otherwise than it was written, or not at all.
type settings struct {
	root string // /proc/sys
	want map[string]string
	read map[string]string
}

// add adds settings that are usual, of those that this kernel has.
func (s *settings) add(usual []plan.Usual) {
	if s.want == nil {
		s.want = map[string]string{}
	}
	for _, u := range usual {
		known := func(key string) bool {
			_, err := os.Stat(filepath.Join(s.root, plan.File(key)))
			return err == nil
		}
		if i := slices.IndexFunc(u.Keys, known); i >= 0 {
			s.want[u.Keys[i]] = u.Value
		}
	}
}

// set makes all settings. Those that fail do not keep the others from being made.
func (s *settings) set() error {
	var failed []error
	for _, key := range slices.Sorted(maps.Keys(s.want)) {
		failed = append(failed, s.make(key))
	}
	return errors.Join(failed...)
}

func (s *settings) make(key string) error {
	if !filepath.IsLocal(plan.File(key)) { // whatever a description says, nothing is written elsewhere
		return fmt.Errorf("setting %s: it is no setting below %s", key, s.root)
	}
	path := filepath.Join(s.root, plan.File(key))
	// Not os.WriteFile: what the kernel does not have must not be made as a file.
	if err := overwrite(path, s.want[key]+"\n"); err != nil {
		return fmt.Errorf("setting %s to %q: %w", key, s.want[key], err)
	}
	if b, err := os.ReadFile(path); err == nil {
		s.read[key] = string(b)
	}
	return nil
}

// mend makes those settings again that read otherwise than they did, and says so; those of the network are left alone while
// an interface is by hand.
func (s *settings) mend(byHand bool) (said []string) {
	for _, key := range slices.Sorted(maps.Keys(s.read)) {
		if byHand && strings.HasPrefix(plan.File(key), "net/") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(s.root, plan.File(key)))
		if err != nil || string(b) == s.read[key] {
			continue
		}
		line := fmt.Sprintf("sysctl %s was changed to %q; it is %q again", key, strings.TrimSpace(string(b)), s.want[key])
		if err := s.make(key); err != nil {
			line = err.Error()
		}
		said = append(said, line)
	}
	return said
}

func overwrite(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
