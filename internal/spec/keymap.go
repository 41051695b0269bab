package spec

import "strings"

// KeymapDir is where the image has keyboard maps, each under its name, and the profile's own under OwnKeymap.
const (
	KeymapDir = "/etc/uinit/keymap"
	OwnKeymap = "own"
)

// Keymap is the name of a keyboard map of Debian's console-data: "de", "de-latin1-nodeadkeys".
type Keymap string

// UnmarshalText accepts a file's name. Which ones there are only the package knows.
func (k *Keymap) UnmarshalText(b []byte) error {
	if strings.Trim(strings.ToLower(string(b)), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || len(b) == 0 || string(b) == OwnKeymap {
		return Unaccepted("a name such as de, fr or de-latin1-nodeadkeys", "%q is no keyboard map's name", b)
	}
	*k = Keymap(b)
	return nil
}
