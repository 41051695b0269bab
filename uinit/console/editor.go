package console

import "unicode/utf8"

// maxLine bounds what is typed at a prompt, in bytes; more is not echoed and not kept.
const maxLine = 256

// signalled is what a key means beyond changing the line.
type signalled int

const (
	typing  signalled = iota
	entered           // the line is complete
	aborted           // Ctrl-C: start over
	ended             // Ctrl-D on an empty line
	reprint           // Ctrl-R or Ctrl-L: draw the prompt again, say after a kernel message
)

// editor edits one line, a byte at a time. It knows no terminal: feed returns what to write there.
type editor struct {
	line []byte
	// hidden: nothing is echoed, as for a password.
	hidden bool
	// escape is 1 after ESC and 2 within a control sequence (ECMA-48, section 5.4): arrow
	// keys and the like, which mean nothing here.
	escape int
}

func (e *editor) feed(b byte) (echo string, s signalled) {
	if e.skips(b) {
		return "", typing
	}
	switch b {
	case '\r', '\n':
		return "\n", entered
	case control('C'):
		return "^C\n", aborted
	case control('D'):
		if len(e.line) == 0 {
			return "\n", ended
		}
	case control('U'):
		return e.erase(len(e.line)), typing
	case control('W'):
		return e.erase(lastWord(e.line)), typing
	case control('H'), 0x7f:
		_, size := utf8.DecodeLastRune(e.line)
		return e.erase(size), typing
	case control('R'), control('L'):
		return "", reprint
	default:
		if b < ' ' || len(e.line) == maxLine {
			return "", typing // a framing error often reads as NUL
		}
		e.line = append(e.line, b)
		if !e.hidden {
			return string([]byte{b}), typing
		}
	}
	return "", typing
}

func (e *editor) skips(b byte) bool {
	switch {
	case b == 0x1b:
		e.escape = 1
	case e.escape == 1 && (b == '[' || b == 'O'):
		e.escape = 2
	case e.escape == 1:
		e.escape = 0 // Alt and a key
	case e.escape == 2:
		if b >= 0x40 && b <= 0x7e {
			e.escape = 0
		}
	default:
		return false
	}
	return true
}

// erase removes the last n bytes and returns what removes them from the screen.
func (e *editor) erase(n int) string {
	tail := e.line[len(e.line)-n:]
	e.line = e.line[:len(e.line)-n]
	if e.hidden {
		return ""
	}
	var out string
	for range utf8.RuneCount(tail) {
		out += "\b \b"
	}
	return out
}

// lastWord is the length in bytes of the last word and the spaces after it.
func lastWord(line []byte) int {
	i := len(line)
	for i > 0 && line[i-1] == ' ' {
		i--
	}
	for i > 0 && line[i-1] != ' ' {
		i--
	}
	return len(line) - i
}
