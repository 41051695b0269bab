package tree

import "io/fs"

// ModeString writes a file's mode as ls(1) does: lrwxrwxrwx, drwxrwxrwt, crw-------.
func ModeString(m fs.FileMode) string {
	text := []byte("-" + m.Perm().String()[1:])
	switch {
	case m.IsDir():
		text[0] = 'd'
	case m&fs.ModeSymlink != 0:
		text[0] = 'l'
	case m&fs.ModeCharDevice != 0:
		text[0] = 'c'
	case m&fs.ModeDevice != 0:
		text[0] = 'b'
	case m&fs.ModeNamedPipe != 0:
		text[0] = 'p'
	case m&fs.ModeSocket != 0:
		text[0] = 's'
	}
	for _, special := range []struct {
		bit  fs.FileMode
		at   int
		sign byte
	}{{fs.ModeSetuid, 3, 's'}, {fs.ModeSetgid, 6, 's'}, {fs.ModeSticky, 9, 't'}} {
		if m&special.bit == 0 {
			continue
		}
		if text[special.at] == '-' { // set, but nobody may execute it
			special.sign -= 'a' - 'A'
		}
		text[special.at] = special.sign
	}
	return string(text)
}

// Permissions are a mode's lower twelve bits as Linux has them (inode(7)): those of ls(1) and the special ones.
func Permissions(m fs.FileMode) uint32 {
	b := uint32(m.Perm())
	for bit, special := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if m&special != 0 {
			b |= bit
		}
	}
	return b
}
