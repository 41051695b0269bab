// Package secret gives accounts the hashes that the image does not hold, once these are to be had.
package secret

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/secret/plan"
	"github.com/imgbuild/imgbuild/uinit/secret/source"
)

// Linked is the feature of secrets that are found at boot.
var Linked = feature.Linked{Name: "secret", Units: plan.Units, New: func(d *feature.Deps) feature.Feature {
	return &secrets{Deps: d, etc: "/etc", smb: passwd.SMBFile, hostKey: spec.SSHHostKey}
}}

type secrets struct {
	*feature.Deps
	etc, smb, hostKey string
	mu                sync.Mutex // each file has many rows
}

// Step is the work behind "secret:KEY".
func (s *secrets) Step(unit string) feature.Step {
	return feature.Step{Run: func(context.Context) error { return s.find(unit) }}
}

// find gives an account its hash. One whose hash cannot be had stays locked.
func (s *secrets) find(unit string) error {
	for _, w := range plan.All(s.Machine.Now()) {
		if w.Unit() != unit {
			continue
		}
		err := s.set(w)
		switch {
		case err != nil && w.Kind == plan.HostKey:
			return fmt.Errorf("the SSH server has another key: %w", err)
		case err != nil:
			return fmt.Errorf("%s stays locked: %w", w.User, err)
		}
	}
	return nil // or the box's owner has given another by site.toml
}

func (s *secrets) set(w plan.Wanted) error {
	text, err := source.Read(w.Source, s.Kmod.Load)
	if err != nil {
		return err
	}
	if w.Kind == plan.HostKey {
		return s.setHostKey(w.Source, text)
	}
	var hash spec.PasswordHash
	var nt spec.NTHash
	into := encoding.TextUnmarshaler(&hash)
	if w.Kind == plan.NT {
		into = &nt
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		return &source.Error{Source: w.Source, Err: fmt.Errorf("holds something else: %w", err)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.Kind == plan.Password {
		return account.Apply(s.etc+"/shadow", w.User, hash)
	}
	a, err := passwd.Find(s.etc, w.User)
	if err != nil {
		return err
	}
	return passwd.SetSMB(s.smb, w.User, a.UID, string(nt))
}

// pem is how the form of keys begins that ssh-keygen writes; the rest the server judges.
const pem = "-----BEGIN OPENSSH PRIVATE KEY-----"

// setHostKey copies the key to where the server looks for it.
func (s *secrets) setHostKey(from spec.Source, text string) error {
	if !strings.HasPrefix(text, pem) {
		return &source.Error{Source: from, Err: errors.New("holds something else: a key begins with " + pem)}
	}
	if err := bounded.Make(filepath.Dir(s.hostKey), 0o700); err != nil {
		return err
	}
	return bounded.Write(s.hostKey, []byte(text+"\n"), 0o600)
}
