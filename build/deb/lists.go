package deb

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// retryAfter is how long an attempt to reach the mirror that failed is remembered:
// who works offline need not wait for it in every build.
const retryAfter = 5 * time.Minute

// stamp says how old the lists are.
type stamp struct {
	// Sources is the fingerprint of the sources that they come from.
	Sources string
	// Updated is when all sources last answered; Tried when they were last asked.
	Updated, Tried time.Time
	// State is the hash of what apt has: see believe.
	State string
}

// stampNote is the stamp's name among the cache's notes.
const stampNote = "apt"

// lists makes sure that there are package lists, current ones if the mirror can
// be reached. Where it cannot, older ones do and current is false.
func (s *session) lists(ctx context.Context) (current bool, err error) {
	was, sources, err := s.stamp()
	if err != nil {
		return false, err
	}
	same := was.Sources == sources && !s.doubt
	switch {
	case s.refreshed || same && !s.Refresh && s.fresh(was.Updated):
		return true, nil
	case same && (!s.Refresh || s.asked) && s.now().Sub(was.Tried).Abs() < retryAfter && s.haveLists():
		s.old(was, "the mirror did not answer a moment ago")
		return false, nil
	}
	err = s.update(ctx)
	if err == nil {
		return true, nil
	}
	if ctx.Err() != nil || !s.haveLists() {
		return false, err
	}
	s.old(was, err.Error())
	return false, nil
}

// old says, once, that what is known is not what the mirror has now.
func (s *session) old(was stamp, why string) {
	if s.told {
		return
	}
	s.told = true
	if was.Updated.IsZero() {
		s.progress.Note("not all package lists could be had: %s", why)
		return
	}
	s.progress.Note("using the package lists of %s: %s", was.Updated.Local().Format("2006-01-02 15:04"), why)
}

// update fetches the lists of all sources.
func (s *session) update(ctx context.Context) error {
	was, sources, err := s.stamp()
	if err != nil {
		return err
	}
	step := s.progress.Step("updating package lists", 0)
	_, err = s.apt(ctx, command{}, "apt-get", "-qq", "update")
	step.Done(err)
	if ctx.Err() != nil {
		return err
	}
	s.asked = true
	is := stamp{Sources: sources, Updated: was.Updated, Tried: s.now()}
	if s.doubt {
		if err != nil && !s.haveLists() {
			return fmt.Errorf("updating package lists: %w", err)
		}
		is.Updated, s.doubt = time.Time{}, false
	}
	if err == nil {
		is.Updated, s.refreshed = is.Tried, true
	}
	// At once: who is killed after this has lists that the next one believes.
	var bad error
	if is.State, bad = sumOfState(s.dir); bad == nil {
		bad = s.setStamp(is)
	}
	if bad != nil {
		return fmt.Errorf("updating package lists: %w", bad)
	}
	if err != nil {
		return fmt.Errorf("updating package lists: %w", err)
	}
	return nil
}

// stamp returns that of the lists, a zero one where there is none, and the
// fingerprint of the sources as they are.
func (a *Apt) stamp() (was stamp, sources string, err error) {
	if sources, err = fingerprint(a.Etc, a.Arch); err != nil {
		return was, "", err
	}
	return a.noted(), sources, nil
}

// noted is the stamp alone.
func (a *Apt) noted() (was stamp) {
	if text := a.cache.Note(stampNote); text == nil || json.Unmarshal(text, &was) != nil {
		return stamp{}
	}
	return was
}

func (a *Apt) setStamp(is stamp) error {
	text, err := json.Marshal(is)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return a.cache.SetNote(stampNote, text)
}

// haveLists tells whether any source's list of packages is there.
func (s *session) haveLists() bool {
	found, err := filepath.Glob(filepath.Join(s.dir, "state/lists/*Packages*"))
	return err == nil && len(found) > 0
}
