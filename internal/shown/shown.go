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

// Wrap breaks text at blanks into lines of at most width characters; a word longer than that is cut hard. Characters are counted,
// not columns.
func Wrap(text string, width int) []string {
	var lines []string
	var line []rune
	for field := range strings.FieldsSeq(text) {
		word := []rune(field)
		if len(line) > 0 && len(line)+1+len(word) > width {
			lines, line = append(lines, string(line)), nil
		}
		for len(line) == 0 && len(word) > width {
			lines, word = append(lines, string(word[:width])), word[width:]
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		line = append(line, word...)
	}
	if len(line) > 0 {
		lines = append(lines, string(line))
	}
	return lines
}

// Hang is head and beside it a text, which goes on below itself where a line of that width does not hold it; on a head that leaves
// no room, below it.
func Hang(head, text string, width int) string {
	indent := len([]rune(head))
	if width-indent < 20 {
		head, indent = head+"\n"+strings.Repeat(" ", 10), 10
	}
	return head + strings.Join(Wrap(text, width-indent), "\n"+strings.Repeat(" ", indent))
}
