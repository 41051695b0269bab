package console

import "golang.org/x/sys/unix"

// control is a key with Ctrl.
func control(key byte) byte { return key & 0x1f }

// cooked is a terminal as shells like to find it (termios(3)), whatever was there before: a program
// that crashed may have left anything. Flags of the line itself are kept.
func cooked(t unix.Termios) unix.Termios {
	t.Iflag = unix.ICRNL | unix.IXON | unix.IMAXBEL | unix.IUTF8 | unix.IGNBRK
	t.Oflag = unix.OPOST | unix.ONLCR
	t.Lflag = unix.ISIG | unix.ICANON | unix.IEXTEN | unix.ECHO | unix.ECHOE | unix.ECHOK | unix.ECHOCTL | unix.ECHOKE
	t.Line = 0 // N_TTY
	t.Cc = [19]uint8{
		unix.VINTR: control('C'), unix.VQUIT: control('\\'), unix.VERASE: 0x7f, unix.VKILL: control('U'),
		unix.VEOF: control('D'), unix.VSTART: control('Q'), unix.VSTOP: control('S'), unix.VSUSP: control('Z'),
		unix.VREPRINT: control('R'), unix.VDISCARD: control('O'), unix.VWERASE: control('W'),
		unix.VLNEXT: control('V'), unix.VMIN: 1, unix.VTIME: 0,
	}
	return t
}

// asking is cooked without the kernel's line editing, echo and signals: the prompts do these themselves.
// Input keeps its translation of Enter, so that what is typed ahead serves either mode.
func asking(t unix.Termios) unix.Termios {
	t = cooked(t)
	t.Iflag &^= unix.IXON
	t.Lflag = 0
	return t
}

// listening is t for single keys, which are not shown.
func listening(t unix.Termios) unix.Termios {
	t.Lflag &^= unix.ICANON | unix.ECHO
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return t
}

// serialLine makes t a line of eight bits that does without modem signals: a cable of three wires has none.
// HUPCL drops DTR when the last user closes it, so that a modem hangs up.
func serialLine(t unix.Termios, bps int) unix.Termios {
	t.Cflag = unix.CS8 | unix.CREAD | unix.HUPCL | unix.CLOCAL
	setSpeed(&t, bps)
	return t
}
