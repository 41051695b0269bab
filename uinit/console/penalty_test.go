package console

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// clerk is at a terminal: types lines at once, each when it is asked for, and notes when a refusal came.
type clerk struct {
	keys    []byte
	shown   strings.Builder
	begin   time.Time
	refused []time.Duration
}

func (c *clerk) readByte(time.Time) (byte, error) {
	if len(c.keys) == 0 {
		return 0, io.EOF
	}
	b := c.keys[0]
	c.keys = c.keys[1:]
	return b, nil
}

func (c *clerk) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "Login incorrect") {
		c.refused = append(c.refused, time.Since(c.begin))
	}
	return c.shown.Write(b)
}

// atDesk is a login with the usual patience whose terminal is p and whose person types these lines.
func atDesk(t *testing.T, p *pty, files map[string]string, lines ...string) (*login, *clerk) {
	t.Helper()
	etc := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := thisHost.openTerminal(p.name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	term, err := newTerminal(f, p.name)
	if err != nil {
		t.Fatal(err)
	}
	c := &clerk{keys: []byte(strings.Join(append(lines, ""), "\n")), begin: time.Now()}
	return &login{term: term, etc: etc, ask: prompter{Writer: c, readByte: c.readByte, patience: usualPatience}}, c
}

func seconds(s ...int) (d []time.Duration) {
	for _, n := range s {
		d = append(d, time.Duration(n)*time.Second)
	}
	return d
}

// Whoever guesses waits longer each time, up to ten seconds; whoever is right does not wait.
func TestGuessesTakeTime(t *testing.T) {
	p := newPTY(t)
	synctest.Test(t, func(t *testing.T) {
		l, c := atDesk(t, p, people("/bin/sh"), "ann", "1", "ann", "2", "ann", "3", "bob", "sesame", "ann", "5", "nobody", "6", "ann", "7", "ann", "sesame")
		a, err := l.session("", func() string { return "" }, 0)
		if err != nil || a.name != "ann" {
			t.Errorf("%+v, %v", a, err)
		}
		if want := seconds(2, 6, 12, 20, 30, 40, 50); !slices.Equal(c.refused, want) || time.Since(c.begin) != want[6] {
			t.Errorf("refused after %v, in after %v; want %v", c.refused, time.Since(c.begin), want)
		}
	})
}

func TestTriesAreCounted(t *testing.T) {
	p := newPTY(t)
	synctest.Test(t, func(t *testing.T) {
		l, c := atDesk(t, p, people("/bin/sh"), "1", "2", "3", "sesame")
		if a, err := l.session("ann", nil, 3); !errors.Is(err, errRefused) || a != (account{}) {
			t.Errorf("%+v, %v", a, err)
		}
		if want := seconds(2, 6, 12); !slices.Equal(c.refused, want) || len(c.keys) != len("sesame\n") {
			t.Errorf("refused after %v, %q is left", c.refused, c.keys)
		}
		// Who leaves a prompt for a name that was given has left.
		l, c = atDesk(t, p, people("/bin/sh"), "\x03")
		if _, err := l.session("ann", nil, 3); !errors.Is(err, errAborted) || c.refused != nil {
			t.Errorf("%v", err)
		}
	})
}

// Nobody who is asked for root's password is let off, but after three guesses the waiting starts small again.
func TestRootsGuessesTakeTime(t *testing.T) {
	p := newPTY(t)
	synctest.Test(t, func(t *testing.T) {
		l, c := atDesk(t, p, map[string]string{"shadow": "root:" + sesame + ":::::::\n"}, "1", "2", "3", "4", "\x03", "6", "sesame")
		if err := l.guarded(false); err != nil {
			t.Error(err)
		}
		if want := seconds(2, 6, 12, 14, 20, 22); !slices.Equal(c.refused, want) || time.Since(c.begin) != want[5] {
			t.Errorf("refused after %v, in after %v; want %v", c.refused, time.Since(c.begin), want)
		}
		l, _ = atDesk(t, p, map[string]string{"shadow": "root:" + sesame + ":::::::\n"}, "1")
		if err := l.guarded(false); !errors.Is(err, io.EOF) {
			t.Errorf("a terminal that is gone: %v", err)
		}
	})
}

// The penalty is what a refusal takes in all: how long the check took tells nobody what it found.
func TestRefusalsTakeOneTime(t *testing.T) {
	p := newPTY(t)
	synctest.Test(t, func(t *testing.T) {
		for took, want := range map[time.Duration]time.Duration{0: 2 * time.Second, 1500 * time.Millisecond: 2 * time.Second, 3 * time.Second: 3 * time.Second} {
			for _, why := range []error{errRefused, errors.New("no such file")} {
				l, c := atDesk(t, p, nil, "x")
				_, err := l.password("? ", 1, func([]byte) (account, error) { time.Sleep(took); return account{}, why })
				if !errors.Is(err, errRefused) || time.Since(c.begin) != want {
					t.Errorf("a check of %v took %v, want %v; %v", took, time.Since(c.begin), want, err)
				}
				if told := strings.Contains(c.shown.String(), "no such file"); told != (why != errRefused) {
					t.Errorf("shown: %q", c.shown.String())
				}
			}
		}
	})
}

// A file of hashes that goes bad while somebody is asked opens nothing, whatever is typed, and is told.
func TestShadowThatGoesBad(t *testing.T) {
	p := newPTY(t)
	for name, spoil := range map[string]func(string) error{
		"cannot be read": func(file string) error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o700)) },
		"has no end":     func(file string) error { return os.Truncate(file, 1<<30) },
		"gone":           os.Remove,
	} {
		synctest.Test(t, func(t *testing.T) {
			l, c := atDesk(t, p, map[string]string{"shadow": "root:" + sesame + ":::::::\n"}, "sesame", "")
			if ask, err := guard(l.etc, true); !ask || err != nil {
				t.Fatal(ask, err)
			}
			if err := spoil(filepath.Join(l.etc, "shadow")); err != nil {
				t.Fatal(err)
			}
			if err := l.rootPassword(); !errors.Is(err, io.EOF) || len(c.refused) != 2 {
				t.Errorf("%s: %v, refused %v", name, err, c.refused)
			}
			if told := strings.Contains(c.shown.String(), "reading password hashes: "); told != (name != "gone") {
				t.Errorf("%s: shown %q", name, c.shown.String())
			}
		})
	}
}

// As many accounts as a directory service has, and root last.
func TestManyAccounts(t *testing.T) {
	etc := t.TempDir()
	if err := os.WriteFile(filepath.Join(etc, "shadow"), []byte(strings.Repeat("ann:"+sesame+":::::::\n", 20000)+"root:"+sesame+":::::::\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ask, err := guard(etc, true); !ask || err != nil {
		t.Errorf("%v, %v", ask, err)
	}
}

// What was typed during the penalty was not typed at a prompt.
func TestForget(t *testing.T) {
	p := newPTY(t)
	l, _ := atDesk(t, p, nil)
	if err := l.term.set(asking(l.term.mode)); err != nil {
		t.Fatal(err)
	}
	p.send("ab")
	if b, err := l.term.readByte(time.Now().Add(10 * time.Second)); b != 'a' || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	l.term.forget()
	if b, err := l.term.readByte(time.Now().Add(50 * time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", b, err)
	}
}
