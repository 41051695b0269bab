package console

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEditor(t *testing.T) {
	for _, tt := range []struct{ keys, line, echo string }{
		{"ann", "ann", "ann"},
		{"anm\x7fn", "ann", "anm\b \bn"},
		{"\x7f\x08\x15\x17x", "x", "x"},
		{"bob\x15ann", "ann", "bob\b \b\b \b\b \bann"},
		{"one two  \x17x", "one x", "one two  \b \b\b \b\b \b\b \b\b \bx"},
		{"ä\x7fa", "a", "ä\b \ba"},
		{"a\x1b[A\x1b[1;5Db\x1bOPc\x1bxd", "abcd", "abcd"},
		{"a\x00\x01\x02b", "ab", "ab"},
	} {
		var e editor
		var echo string
		for _, b := range []byte(tt.keys) {
			out, s := e.feed(b)
			if s != typing {
				t.Errorf("%q: %q means %d", tt.keys, b, s)
			}
			echo += out
		}
		if string(e.line) != tt.line || echo != tt.echo {
			t.Errorf("%q: line %q, echo %q; want %q, %q", tt.keys, e.line, echo, tt.line, tt.echo)
		}
	}
}

func FuzzEditor(f *testing.F) {
	f.Add([]byte("ann\x7f\x15\x17\x1b[Aä\r"))
	f.Fuzz(func(t *testing.T, keys []byte) {
		for _, hidden := range []bool{false, true} {
			e := editor{hidden: hidden}
			for _, b := range keys {
				before := utf8.RuneCount(e.line)
				echo, s := e.feed(b)
				if len(e.line) > maxLine || utf8.RuneCount(e.line) > before+1 {
					t.Fatalf("%d bytes after %q", len(e.line), b)
				}
				if hidden && s == typing && echo != "" {
					t.Fatalf("%q was echoed of a hidden line", echo)
				}
			}
		}
	})
}

// What each key means, and where a line ends.
func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		line string
		key  byte
		echo string
		s    signalled
		rest string
	}{
		{"ann", '\r', "\n", entered, "ann"}, {"ann", '\n', "\n", entered, "ann"}, {"ann", 3, "^C\n", aborted, "ann"},
		{"", 4, "\n", ended, ""}, {"ann", 4, "", typing, "ann"}, {"ann", 18, "", reprint, "ann"}, {"ann", 12, "", reprint, "ann"},
		{strings.Repeat("x", maxLine-1), 'y', "y", typing, strings.Repeat("x", maxLine-1) + "y"},
		{strings.Repeat("x", maxLine), 'y', "", typing, strings.Repeat("x", maxLine)},
		{"a", ' ', " ", typing, "a "}, {"a", 31, "", typing, "a"}, {"  ", 23, "\b \b\b \b", typing, ""}, {"a b", 23, "\b \b", typing, "a "},
	} {
		e := editor{line: []byte(tt.line)}
		if echo, s := e.feed(tt.key); echo != tt.echo || s != tt.s || string(e.line) != tt.rest {
			t.Errorf("%.10q and %q: echo %q, means %d, leaves %.10q; want %q, %d, %.10q", tt.line, tt.key, echo, s, e.line, tt.echo, tt.s, tt.rest)
		}
		e = editor{line: []byte(tt.line), hidden: true}
		if echo, _ := e.feed(tt.key); tt.s == typing && echo != "" {
			t.Errorf("%q shows %q of what is hidden", tt.key, echo)
		}
	}
	// Sequences end with a byte of 0x40 to 0x7e.
	for keys, want := range map[string]string{"\x1b[@a": "a", "\x1b[~a": "a", "\x1b[\x3f\x7f~a": "a", "\x1b[Aa": "a", "\x1b\x1b[Aa": "a"} {
		var e editor
		for _, b := range []byte(keys) {
			e.feed(b)
		}
		if string(e.line) != want {
			t.Errorf("%q gives %q", keys, e.line)
		}
	}
}
