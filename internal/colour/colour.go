// Package colour marks the words that a person looks for first, where a terminal can show it: what is well, what is late, what failed.
package colour

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Paint colours words; the zero value leaves them as they are.
type Paint bool

// Words are what --color takes, as other programs call it.
var Words = []string{"auto", "always", "never"}

// For is what to paint with on a file: as --color says, and with "auto" where the file is a terminal that is not "dumb" and
// NO_COLOR is unset or empty (no-color.org). A terminal without colours, such as a VT220, passes over them. Its error is about a
// word that is none of Words.
func For(word string, f *os.File) (Paint, error) {
	switch word {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return Paint(os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(f)), nil
	}
	return false, fmt.Errorf("--color: no such word: %q; accepted: %s", word, strings.Join(Words, ", "))
}

func terminal(f *os.File) bool {
	if f == nil {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Good is for what is well. The colours are the terminal's own (ECMA-48, SGR).
func (p Paint) Good(text string) string { return p.sgr("32", text) }

// Late is for what is not well yet.
func (p Paint) Late(text string) string { return p.sgr("33", text) }

// Bad is for what failed.
func (p Paint) Bad(text string) string { return p.sgr("1;31", text) }

// Faint is for what was left out.
func (p Paint) Faint(text string) string { return p.sgr("2", text) }

func (p Paint) sgr(code, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[m"
}
