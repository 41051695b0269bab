package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sysctlPace is how often the kernel's settings are looked at: it tells nobody of changes.
const sysctlPace = time.Minute

// sysctls are the profile's settings of the kernel, and what each reads as once it is made: a setting may
// read otherwise than it was written, or not at all.
type sysctls struct {
	root string // /proc/sys
	want map[string]string
	read map[string]string
}

func (w *worker) setSysctl(context.Context) error {
	err := w.harden() // before the profile's own words, which win
	s := &sysctls{root: "/proc/sys", want: w.Machine.Now().Sysctl, read: map[string]string{}}
	err = errors.Join(err, s.set())
	if len(s.read) > 0 {
		go w.keepSysctl(s)
	}
	return err
}

// keepSysctl makes settings again that somebody has changed: a profile's word holds for as long as the machine runs.
func (w *worker) keepSysctl(s *sysctls) {
	look := time.NewTicker(sysctlPace)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			for _, said := range s.mend() {
				w.Log.Warn(said)
			}
		case <-w.Life.Done():
			return
		}
	}
}

// set makes all settings. Those that fail do not keep the others from being made.
func (s *sysctls) set() error {
	var failed []error
	for _, key := range slices.Sorted(maps.Keys(s.want)) {
		failed = append(failed, s.make(key))
	}
	return errors.Join(failed...)
}

func (s *sysctls) make(key string) error {
	path := filepath.Join(s.root, sysctlPath(key))
	// Not os.WriteFile: what the kernel does not have must not be made as a file.
	if err := overwrite(path, s.want[key]+"\n"); err != nil {
		return fmt.Errorf("setting %s to %q: %w", key, s.want[key], err)
	}
	if b, err := os.ReadFile(path); err == nil {
		s.read[key] = string(b)
	}
	return nil
}

// mend makes those settings again that read otherwise than they did, and says so.
func (s *sysctls) mend() (said []string) {
	for _, key := range slices.Sorted(maps.Keys(s.read)) {
		b, err := os.ReadFile(filepath.Join(s.root, sysctlPath(key)))
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

// sysctlPath is where a setting lies below /proc/sys. Where a dot separates first,
// dots and slashes change places, so that names with dots can be written (sysctl.d(5)).
func sysctlPath(key string) string {
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '/' {
		return key
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, key)
}
