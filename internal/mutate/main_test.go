package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const sample = `package p

import "errors"

const limit = 0o17

func f(a, b int, on bool) error {
	if a < b && on != true {
		note("x")
		log.Info("x")
	}
	err := work()
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), err, file.Close())
}

func g() error { return file.Sync() }
`

// Each kind of change is found, and each gives the text that is meant.
func TestChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(file, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := changes(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range all {
		got = append(got, fmt.Sprintf("%d %s: %s", c.at.Line, c.kind, c.text))
		if text := string(c.apply()); text == sample || len(text) != len(sample)-(c.end-c.start)+len(c.text) {
			t.Errorf("%s gives\n%s", c, text)
		}
	}
	want := []string{"5 other constant: 0o20", "7 nothing done:  return nil;", "8 condition turned round: !(a < b && on != true)", "8 condition turned round: ||", "8 bound off by one: <=", "8 condition turned round: ==",
		"8 other constant: false", "9 call dropped: ", "12 call dropped: error(nil)", "16 call dropped: nil", "16 call dropped: nil", "19 call dropped: nil"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	one, two := draw(all, 1), draw(all, 2)
	if len(one) != len(all) || fmt.Sprint(one) != fmt.Sprint(draw(all, 1)) || fmt.Sprint(one) == fmt.Sprint(two) {
		t.Error("a seed draws another row each time, or all draw the same")
	}
	for i, kind := range kinds {
		if one[i].kind != kind {
			t.Errorf("%d: %s, want %s", i, one[i].kind, kind)
		}
	}
}

// The first test that fails is the end, in whichever pieces go test says so; what a test prints of another is none.
func TestFirstFailureEnds(t *testing.T) {
	for _, tt := range []struct {
		pieces []string
		ends   bool
	}{
		{[]string{"=== RUN   TestA\n", "--- FAIL: TestA (0.00s)\n"}, true}, {[]string{"--- FAIL: TestA"}, true}, {[]string{"ok\n--- F", "AIL: TestA\n"}, true},
		{[]string{"--- PASS: TestA (0.00s)\n", "    log: --- FAIL\n", "ok\n"}, false}, {nil, false},
	} {
		ended := false
		s := &said{failed: func() { ended = true }}
		for _, p := range tt.pieces {
			if n, err := s.Write([]byte(p)); n != len(p) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if ended != tt.ends || s.String() != strings.Join(tt.pieces, "") {
			t.Errorf("%q: ended %v", tt.pieces, ended)
		}
	}
}
