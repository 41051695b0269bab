package main

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Terminal modes as the client sends them (RFC 4254, section 8; 42 is RFC 8160). A number up to 159 is
// followed by a value of four bytes; 0 ends the list, and so does anything above.
const lastMode = 159

// control characters by the number of the mode.
var characters = map[byte]int{
	1: unix.VINTR, 2: unix.VQUIT, 3: unix.VERASE, 4: unix.VKILL, 5: unix.VEOF, 6: unix.VEOL, 7: unix.VEOL2,
	8: unix.VSTART, 9: unix.VSTOP, 10: unix.VSUSP, 12: unix.VREPRINT, 13: unix.VWERASE, 14: unix.VLNEXT,
	18: unix.VDISCARD,
}

// Flags by the number of the mode.
var (
	inputFlags = map[byte]uint32{30: unix.IGNPAR, 31: unix.PARMRK, 32: unix.INPCK, 33: unix.ISTRIP, 34: unix.INLCR,
		35: unix.IGNCR, 36: unix.ICRNL, 38: unix.IXON, 39: unix.IXANY, 40: unix.IXOFF, 41: unix.IMAXBEL, 42: unix.IUTF8}
	localFlags = map[byte]uint32{50: unix.ISIG, 51: unix.ICANON, 53: unix.ECHO, 54: unix.ECHOE, 55: unix.ECHOK,
		56: unix.ECHONL, 57: unix.NOFLSH, 58: unix.TOSTOP, 59: unix.IEXTEN, 60: unix.ECHOCTL, 61: unix.ECHOKE}
	outputFlags = map[byte]uint32{70: unix.OPOST, 72: unix.ONLCR, 73: unix.OCRNL, 74: unix.ONOCR, 75: unix.ONLRET}
)

// unset is how the client says that a control character is switched off.
const unset = 255

// applyModes changes the modes as the client's terminal has them.
func applyModes(t *unix.Termios, modes string) {
	b := []byte(modes)
	for len(b) >= 5 && b[0] != 0 && b[0] <= lastMode {
		mode, value := b[0], binary.BigEndian.Uint32(b[1:])
		b = b[5:]
		if i, ok := characters[mode]; ok {
			if value == unset {
				value = 0
			}
			t.Cc[i] = byte(value)
		}
		set(&t.Iflag, inputFlags[mode], value)
		set(&t.Lflag, localFlags[mode], value)
		set(&t.Oflag, outputFlags[mode], value)
	}
}

func set(flags *uint32, bit, value uint32) {
	if value != 0 {
		*flags |= bit
	} else {
		*flags &^= bit
	}
}

func (t *terminal) setModes(modes string) error {
	return t.control(func(fd int) error {
		m, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		applyModes(m, modes)
		return unix.IoctlSetTermios(fd, unix.TCSETS, m)
	})
}
