// Package shown makes foreign text fit for a terminal: names of files in images, labels of disks, what services say. A terminal obeys
// escape sequences in them, and a line break in a name looks like another row.
package shown

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is the text with what is no letter, mark, digit, sign or blank as Go writes it in a string: \n, \x1b, \u202e. A byte that is no
// UTF-8 is \xff. Backslashes stay as they are: what is shown is for people.
func Line(text string) string {
	if strings.IndexFunc(text, odd) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if odd(r) && (r != utf8.RuneError || n == 1) {
			quoted := strconv.Quote(text[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// odd says that a rune is nothing that a terminal simply shows. What cannot be decoded looks like U+FFFD.
func odd(r rune) bool { return r != '\t' && !unicode.IsPrint(r) || r == utf8.RuneError }

// Text is Line for each line of a text.
func Text(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Line(line)
	}
	return strings.Join(lines, "\n")
}
