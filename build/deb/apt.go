package deb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Apt finds, downloads and unpacks packages. It needs apt-get and apt-cache, but
// neither root nor anything of the host's packages: sources and keyrings alone are
// the host's. Its methods may be called side by side; what needs apt then waits in line.
type Apt struct {
	// Refresh asks the mirror again whatever the age of what is known.
	Refresh bool
	// MaxAge is how long package lists and what was resolved with them count as
	// current. New sets 24 hours.
	MaxAge time.Duration
	// Etc is where sources and keyrings are. New sets /etc/apt.
	Etc string
	// Arch is Debian's name of the image's architecture. New sets amd64.
	Arch string

	cache *cache.Cache
	// other is a further cache to take packages from; nil for none.
	other    *cache.Cache
	progress progress.Reporter
	run      runner
	now      func() time.Time
	// asked: this Apt has asked the mirror already; refreshed: and it answered. told: a person has heard that
	// it did not.
	asked, refreshed, told bool
}

// New returns an Apt that keeps its state and all packages in c.
func New(c *cache.Cache, p progress.Reporter) *Apt {
	return &Apt{MaxAge: 24 * time.Hour, Etc: "/etc/apt", Arch: "amd64", cache: c, progress: p, run: execute, now: time.Now}
}

// In returns an Apt that works in another cache. Of a's it takes packages, by their hash, and nothing else.
func (a *Apt) In(c *cache.Cache) *Apt {
	return &Apt{Refresh: a.Refresh, MaxAge: a.MaxAge, Etc: a.Etc, Arch: a.Arch, cache: c, other: a.cache, progress: a.progress, run: a.run, now: a.now}
}

// session is a stretch of work with apt. No other build works with the same state
// meanwhile.
type session struct {
	*Apt
	dir   string // the state's
	held  *os.File
	doubt bool // lists were there that are not believed, and no others are yet
}

// begin takes apt's state, looks whether it is to be believed, and writes its configuration.
func (a *Apt) begin(ctx context.Context) (_ *session, err error) {
	held, err := a.cache.Lock(ctx, "apt", func() { a.progress.Note("waiting for another build that uses apt") })
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			held.Close()
		}
	}()
	dir, err := a.cache.State("apt")
	if err != nil {
		return nil, err
	}
	s := &session{Apt: a, dir: dir, held: held}
	acquire, err := a.run(ctx, command{Args: []string{"apt-config", "dump", "--no-empty", "--format", `%f "%v";%n`, "Acquire"}})
	if err != nil {
		return nil, err
	}
	conf, err := configuration(dir, a.Etc, a.Arch, string(acquire))
	if err != nil {
		return nil, err
	}
	if err := s.believe(); err != nil {
		return nil, err
	}
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "log"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("preparing apt's state: %w", err)
		}
	}
	for name, text := range map[string]string{"apt.conf": conf, "status": installed()} {
		if err := write(filepath.Join(dir, name), text); err != nil {
			return nil, fmt.Errorf("preparing apt's state: %w", err)
		}
	}
	return s, nil
}

// write replaces a file unless it holds that text already: apt takes a newer status
// file for a reason to read all lists anew.
func write(path, text string) error {
	old, err := os.ReadFile(path)
	if err == nil && string(old) == text {
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return renameio.WriteFile(path, []byte(text), 0o644)
}

// apt runs one of apt's programs on the session's state and returns its output.
func (s *session) apt(ctx context.Context, c command, args ...string) ([]byte, error) {
	// The lock is apt's as well: should it outlive us by a moment, whoever comes next waits for it.
	c.Args, c.Hold = args, s.held
	c.Env = append(c.Env, "APT_CONFIG="+filepath.Join(s.dir, "apt.conf"))
	return s.run(ctx, c)
}
