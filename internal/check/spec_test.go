package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func ptr(f float64) *float64 { return &f }

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name  string
		check Check
		want  []string // key: part of the message
	}{
		{"console", Check{Console: "ttyS0", Expect: "login:", Send: "${password}\n"}, nil},
		{"typing only", Check{Console: "ttyS0", Send: "x"}, nil},
		{"unit", Check{Unit: "online:lan", Outcome: Failed, Within: spec.Duration(time.Second)}, nil},
		{"fact", Check{Fact: "a", Equals: []any{"x", int64(1), 1.5, true}, AtLeast: ptr(1), AtMost: ptr(1)}, nil},
		{"command", Check{Command: []string{"false"}, Exit: 1, Output: "^$", After: "x"}, nil},
		{"empty", Check{After: "x"}, []string{": proves nothing"}},
		{"two kinds", Check{Unit: "a", Fact: "b"}, []string{"fact: has both unit and fact"}},
		{"keys of another kind", Check{Unit: "a", Expect: "x", Equals: 1, Exit: 2}, []string{"expect: goes with console", "equals: goes with fact", "exit: goes with command"}},
		{"silent console", Check{Console: "ttyS0"}, []string{"console: needs expect, send or both"}},
		{"exit status", Check{Command: []string{"x"}, Exit: 256}, []string{"exit: is 256"}},
		{"empty range", Check{Fact: "a", AtLeast: ptr(2), AtMost: ptr(1)}, []string{"at_most: is 1, less than at_least 2"}},
		{"variable", Check{Console: "ttyS0", Expect: "${passwort}", Send: "${}"}, []string{"expect: has an unknown variable ${passwort}", "send: has an unknown variable ${}"}},
		{"table for a value", Check{Fact: "a", Equals: map[string]any{}, Contains: []any{time.Time{}}}, []string{"equals: is a table", "contains: is a table"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := test.check.Validate()
			if len(problems) != len(test.want) {
				t.Fatalf("Validate() = %v, want %v", problems, test.want)
			}
			for i, p := range problems {
				key, part, _ := strings.Cut(test.want[i], ": ")
				if p.Key != key || !strings.Contains(p.Msg, part) {
					t.Errorf("Validate() = %v, want %s: %s", p, key, part)
				}
			}
		})
	}
}

func TestRegexp(t *testing.T) {
	var r Regexp
	if err := r.UnmarshalText([]byte("a(b")); err == nil || r != "" {
		t.Errorf("an unclosed group is accepted as %q", r)
	}
	if err := r.UnmarshalText([]byte("^is ${password}$")); err != nil {
		t.Fatal(err)
	}
	// The password is text, whatever its letters would mean.
	re, err := r.compile(map[string]string{PasswordVar: "a.c"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"before\nis a.c\nafter": true, "is abc": false, "this is a.c": false} {
		if re.MatchString(text) != want {
			t.Errorf("%q matches: %v", text, !want)
		}
	}
}

func TestCompare(t *testing.T) {
	list := []any{"10.0.2.15/24", 2.0, true}
	for _, test := range []struct {
		name  string
		check Check
		value any
		want  string
	}{
		{"present", Check{}, nil, ""},
		{"whole number", Check{Equals: int64(3)}, 3.0, ""},
		{"other number", Check{Equals: int64(3)}, 3.5, "to equal 3"},
		{"number and text", Check{Equals: int64(3)}, "3", "to equal 3"},
		{"text", Check{Equals: "x"}, "x", ""},
		{"boolean", Check{Equals: true}, false, "to equal true"},
		{"list", Check{Equals: []any{"10.0.2.15/24", int64(2), true}}, list, ""},
		{"shorter list", Check{Equals: []any{"10.0.2.15/24"}}, list, `to equal ["10.0.2.15/24"]`},
		{"match", Check{Matches: `^6\.1`}, "6.1.0-56-amd64", ""},
		{"no match", Check{Matches: `^6\.2`}, "6.1.0-56-amd64", `to match "^6\\.2"`},
		{"match of a number", Check{Matches: `^1048576$`}, 1048576.0, ""},
		{"match of a member", Check{Matches: `^10\.0\.2\.`}, list, ""},
		{"match of no member", Check{Matches: `^192`}, list, `to match "^192"`},
		{"range", Check{AtLeast: ptr(1), AtMost: ptr(2)}, 2.0, ""},
		{"too little", Check{AtLeast: ptr(1)}, 0.5, "to be at least 1"},
		{"too much", Check{AtMost: ptr(1)}, 1.5, "to be at most 1"},
		{"range of a text", Check{AtMost: ptr(1)}, "0", "to be a number"},
		{"member", Check{Contains: int64(2)}, list, ""},
		{"no member", Check{Contains: "10.0.2.15"}, list, `to contain "10.0.2.15"`},
		{"part", Check{Contains: "2.15"}, "10.0.2.15/24", ""},
		{"all must hold", Check{Matches: "1", AtLeast: ptr(5)}, 1.0, "to be at least 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.check.compare(test.value); got != test.want {
				t.Errorf("compare(%v) = %q, want %q", test.value, got, test.want)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	checks := map[string]Check{"c": {}, "b": {After: "d"}, "d": {After: "c"}, "a": {}, "e": {After: "nobody"}, "x": {After: "y"}, "y": {After: "x"}}
	if got, want := order(checks), []string{"a", "c", "d", "b", "e", "y", "x"}; !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
}
