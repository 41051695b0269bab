package console

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Where no password opens root, neither does a rescue shell: its getty ends without a session, whatever is typed.
func TestRescueLocked(t *testing.T) {
	asRoot(t)
	for name, files := range map[string]map[string]string{
		"locked":       {"shadow": "root:!:::::::\n"},
		"star":         {"shadow": "root:*:::::::\n"},
		"emptied":      {"shadow": "root::::::::\n"},
		"no such row":  {"shadow": "ann:" + sesame + ":::::::\n"},
		"no file":      {},
		"unknown hash": {"shadow": "root:$2b$05$whatever:::::::\n"},
		"rubbish":      {"shadow": "root:" + "x\x00" + ":::::::\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t)
			ended := p.start(files, quick, rescued("for a test"))
			p.send("\n\nexit\n")
			select {
			case r := <-ended:
				if r.inside {
					t.Errorf("somebody got in: %+v", r)
				}
			case <-time.After(10 * time.Second):
				t.Error("the getty goes on: there is a shell, or a password is asked for that nobody has")
			}
		})
	}
}

func TestGuard(t *testing.T) {
	type verdict struct{ ask, locked bool }
	refused := verdict{locked: true}
	for name, tt := range map[string]struct {
		shadow             string // "" for no file, "/" for one that can't be read
		guarded, unguarded verdict
	}{
		"a password":            {"root:" + sesame + ":::::::\n", verdict{ask: true}, verdict{ask: true}},
		"locked":                {"root:!:::::::\n", refused, verdict{}},
		"locked, with a hash":   {"root:!" + sesame + ":::::::\n", refused, verdict{}},
		"no file":               {"", refused, verdict{}},
		"no row":                {"eve:" + sesame + ":::::::\n", refused, verdict{}},
		"a hash of another day": {"root:$1$salt$hash:::::::\n", refused, refused},
		"no file to be read":    {"/", refused, refused},
		"a line without end":    {"root:" + string(make([]byte, 80<<10)), refused, refused},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "shadow")
		var err error
		switch tt.shadow {
		case "":
		case "/":
			err = os.Mkdir(file, 0o700)
		default:
			err = os.WriteFile(file, []byte(tt.shadow), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		for unguarded, want := range map[bool]verdict{false: tt.guarded, true: tt.unguarded} {
			ask, err := guard(dir, unguarded)
			if got := (verdict{ask, errors.Is(err, ErrLocked)}); got != want || (err != nil) != want.locked {
				t.Errorf("%s, unguarded %v: %+v, %v; want %+v", name, unguarded, got, err, want)
			}
		}
	}
}
