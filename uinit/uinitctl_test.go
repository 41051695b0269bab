package main

import (
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/features"
)

// printed is what uinitctl writes when it is called with these words, and its exit status.
func printed(t *testing.T, args ...string) (text string, exit int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = w
	exit = uinitctlMain(args)
	os.Stdout = old
	w.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), exit
}

// verbs are all that uinitctl answers to in this init.
func verbs(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{"status": true, "facts": true, "blame": true}
	for _, l := range features.All() {
		for verb := range l.Verbs {
			known[verb] = true
		}
		if l.New == nil {
			continue
		}
		if a, ok := l.New(featuretest.Deps(t, spec.Machine{})).(feature.Answerer); ok {
			for verb := range a.Answers() {
				known[verb] = true
			}
		}
	}
	return known
}

// Every verb says what it is for, without asking the init, and "help" lists them all on one screen.
func TestHelpOfEveryVerb(t *testing.T) {
	all, exit := printed(t, "help")
	if lines := strings.Count(all, "\n"); exit != 0 || lines > 23 {
		t.Errorf("exit status %d, %d lines:\n%s", exit, lines, all)
	}
	for line := range strings.Lines(all) {
		if n := utf8.RuneCountInString(line) - 1; n > 79 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	known := verbs(t)
	if len(known) < 10 {
		t.Errorf("only %d verbs: %v", len(known), known)
	}
	for _, verb := range slices.Sorted(maps.Keys(known)) {
		for _, args := range [][]string{{verb, "--help"}, {verb, "-h"}, {"help", verb}} {
			text, exit := printed(t, args...)
			for line := range strings.Lines(text) {
				if first := strings.Trim(strings.Fields(line)[0], "[]"); first != verb {
					t.Errorf("uinitctl %s: %q", strings.Join(args, " "), line)
				}
				if !strings.Contains(all, line) {
					t.Errorf("uinitctl help lacks %q", line)
				}
			}
			if text == "" || exit != 0 {
				t.Errorf("uinitctl %s: exit status %d, %q", strings.Join(args, " "), exit, text)
			}
		}
	}
	for _, w := range features.Words(ctl.Words) {
		if verb := strings.Trim(w.Verb(), "[]"); !known[verb] {
			t.Errorf("%q is no verb", verb)
		}
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help", "weather"}} {
		if text, exit := printed(t, args...); text != all || exit != 0 {
			t.Errorf("uinitctl %s: exit status %d, %q", strings.Join(args, " "), exit, text)
		}
	}
}

// What is said to a program in a container is no question for uinitctl's help.
func TestHelpOfOthers(t *testing.T) {
	for _, word := range []string{"-h", "--help"} {
		if ctl.Helped(io.Discard, features.Words(ctl.Words), []string{"container", "exec", "web", "df", word}) {
			t.Errorf("uinitctl container exec web df %s: help", word)
		}
	}
}

// The manual has a word for each.
func TestManualOfEveryVerb(t *testing.T) {
	manual, err := os.ReadFile("../docs/uinitctl.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range features.Words(ctl.Words) {
		if !strings.Contains(string(manual), "`uinitctl "+word.Use+"`") {
			t.Errorf("docs/uinitctl.md lacks `uinitctl %s`", word.Use)
		}
	}
}
