package qemu_tests

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/rules"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/profiles"
)

// noter keeps what a build wants a person to know.
type noter struct {
	progress.Reporter
	notes []string
}

func (n *noter) Note(format string, args ...any) {
	n.notes = append(n.notes, fmt.Sprintf(format, args...))
}

// tried builds the firewall in the wire with rules of its own, as the trial says.
func tried(t *testing.T, trial rules.Trial, rules string) (dir string, notes []string, err error) {
	t.Helper()
	// Verdicts are kept by the rules' text; this one has never been judged.
	rules = fmt.Sprintf("# %d\n%s", time.Now().UnixNano(), rules)
	path := written(t, "extends = \"firewall-bridge\"\n"+small+"[image]\noverlays = [\"firewall-bridge\", \"site\"]\n",
		map[string]string{"site/etc/nftables.d/10-site.nft": rules})
	p, _, err := profile.Load(path, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	heard := &noter{Reporter: &progress.Lines{W: logWriter{t}}}
	e, err := build.NewEnv("", heard)
	if err != nil {
		t.Fatal(err)
	}
	e.Trial, e.Limit = trial, math.MaxInt64 // what is said of a full cache is no note on rules
	_, err = e.Build(t.Context(), p, t.TempDir(), build.Options{})
	return filepath.Dir(path), heard.notes, err
}

// Rules are tried before they are in an image. Where this machine's kernel can't judge them, the image's own kernel does, in a boot with nothing else; where nothing
// can boot, the person is told that nobody did.
func TestRulesTried(t *testing.T) {
	t.Parallel()
	const why = "this machine's kernel knows nothing of bridges"
	trial := rules.Trial{Here: func(context.Context, string, string) ([]nft.Message, error) {
		return nil, &nft.DoubtError{Why: why}
	}}
	const good = "add rule bridge filter allowed iifname \"outside\" tcp dport 22 ct state new accept\n"
	if _, notes, err := tried(t, trial, good); err != nil || len(notes) != 0 {
		t.Errorf("right rules: %v, with the notes %q", err, notes)
	}
	for _, tt := range []struct {
		what, rules string
		line, col   int
		text        string
		full        bool // only in the full run
	}{
		{"a word that nft does not know", good + "add rule bridge filter allowed tcp dport 22 acept\n", 3, 50, "syntax error, unexpected newline", true}, // below, without a boot
		// Only the kernel that the image has can tell: it has no way to answer from there.
		{"reject in a bridge", good + good + "add rule bridge filter forward reject\n", 4, 1, "Could not process rule: Operation not supported", false},
	} {
		if tt.full && !full() {
			continue
		}
		dir, notes, err := tried(t, trial, tt.rules)
		var problems profile.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || len(notes) != 0 {
			t.Errorf("%s: %v, with the notes %q", tt.what, err, notes)
			continue
		}
		want := profile.Problem{Pos: profile.Pos{File: filepath.Join(dir, "site/etc/nftables.d/10-site.nft"), Line: tt.line, Col: tt.col}, Msg: tt.text}
		if !reflect.DeepEqual(problems[0], want) {
			t.Errorf("%s: %+v, want %+v", tt.what, problems[0], want)
		}
	}

	// This machine's kernel is asked first, and nft itself knows what its language is wherever it runs.
	dir, notes, err := tried(t, rules.Trial{QEMU: "/nowhere"}, "add rule bridge filter allowed tcp dport 22 acept\n")
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || len(notes) != 0 ||
		problems[0].Pos != (profile.Pos{File: filepath.Join(dir, "site/etc/nftables.d/10-site.nft"), Line: 2, Col: 50}) {
		t.Errorf("wrong rules, tried here: %v, with the notes %q", err, notes)
	}

	trial.QEMU = "qemu-system-none"
	missing := &qemu.MissingError{What: trial.QEMU, Package: "qemu-system-x86"}
	want := []string{fmt.Sprintf("warning: the rules of the firewall are not validated: %s; and no boot could tell: %v", why, missing)}
	if _, notes, err := tried(t, trial, good); err != nil || !reflect.DeepEqual(notes, want) {
		t.Errorf("without QEMU: %v, with the notes %q, want %q", err, notes, want)
	}
}
