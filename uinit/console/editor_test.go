package console

import (
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
