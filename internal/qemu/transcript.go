package qemu

import (
	"strings"
	"time"
)

// Line is one line that a console printed.
type Line struct {
	// At is when it began, counted from the start of the guest on the host's clock.
	At   time.Duration
	Text string
}

// Transcript returns what the console printed, line by line.
func (c *Console) Transcript() []Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := make([]Line, 0, len(c.times))
	for i, t := range c.times {
		end := len(c.text)
		if i+1 < len(c.times) {
			end = c.times[i+1].offset - c.base
		}
		text := string(c.text[max(t.offset-c.base, 0):end])
		lines = append(lines, Line{t.at, strings.TrimSuffix(text, "\n")})
	}
	return lines
}

// Text returns what the console printed.
func (c *Console) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// Tail returns the last n lines that are not blank.
func (c *Console) Tail(n int) []string {
	var tail []string
	lines := c.Transcript()
	for i := len(lines) - 1; i >= 0 && len(tail) < n; i-- {
		if text := strings.TrimRight(lines[i].Text, " \t"); text != "" {
			tail = append([]string{text}, tail...)
		}
	}
	return tail
}

// cleaner takes control sequences (ECMA-48) out of a stream that may be cut
// anywhere: ESC [ … final, ESC ] … BEL, ESC and one byte; and bytes that only
// move the cursor or print nothing.
type cleaner struct{ state cleanerState }

type cleanerState byte

const (
	plainText cleanerState = iota
	escaped                // after ESC
	control                // in ESC [ …
	command                // in ESC ] …
	charset                // after ESC ( and the like, one more byte follows
)

func (c *cleaner) clean(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for _, b := range raw {
		switch c.state {
		case escaped:
			switch {
			case b == '[':
				c.state = control
			case b == ']':
				c.state = command
			case b >= 0x20 && b <= 0x2f:
				c.state = charset
			default:
				c.state = plainText
			}
		case control:
			if b >= 0x40 && b <= 0x7e {
				c.state = plainText
			}
		case command:
			if b == 0x07 || b == 0x1b {
				c.state = plainText
				if b == 0x1b {
					c.state = escaped // ESC \ ends it
				}
			}
		case charset:
			c.state = plainText
		default:
			switch {
			case b == 0x1b:
				c.state = escaped
			case b >= 0x20 && b != 0x7f, b == '\n', b == '\t':
				out = append(out, b)
			}
		}
	}
	return out
}
