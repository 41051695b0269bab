package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// maxData is how many bytes a line "data" announces at most.
	maxData = 64 << 10
	// dataHead has room for that line.
	dataHead = len("data 65536\n")
	// maxWait and maxError are how many bytes a text has at most: lines for people.
	maxWait, maxError = 200, 500
)

// answers are what the init is told.
type answers struct{ to io.Writer }

// errGone is for an init that does not listen any more.
type errGone struct{ error }

func (a answers) line(text string) error {
	if _, err := io.WriteString(a.to, text+"\n"); err != nil {
		return errGone{fmt.Errorf("telling uinit: %w", err)}
	}
	return nil
}

func (a answers) size(total int64) error { return a.line("size " + strconv.FormatInt(total, 10)) }
func (a answers) wait(text string) error { return a.line("wait " + bounded(text, maxWait)) }
func (a answers) end() error             { return a.line("end") }
func (a answers) fail(err error) error   { return a.line("error " + bounded(err.Error(), maxError)) }

// frame is room for data, and before it for what announces them, so that both are one write.
type frame [dataHead + maxData]byte

func (f *frame) room() []byte { return f[dataHead:] }

// data tells the first n bytes of a frame's room.
func (a answers) data(f *frame, n int) error {
	head := "data " + strconv.Itoa(n) + "\n"
	start := dataHead - len(head)
	copy(f[start:], head)
	if _, err := a.to.Write(f[start : dataHead+n]); err != nil {
		return errGone{fmt.Errorf("telling uinit: %w", err)}
	}
	return nil
}

// printable is a text with a question mark for each byte that is not of ASCII, or that terminals act on.
func printable(text string) string {
	if strings.IndexFunc(text, odd) < 0 {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		if odd(rune(c)) {
			b[i] = '?'
		}
	}
	return string(b)
}

func odd(c rune) bool { return c < ' ' || c > '~' }

// bounded is a text as a line may have it.
func bounded(text string, most int) string {
	text = printable(text)
	if len(text) > most {
		text = text[:most-3] + "..."
	}
	return text
}
