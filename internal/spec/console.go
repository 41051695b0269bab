package spec

import (
	"strconv"
	"strings"
)

// Screens is how many virtual screens the kernel has, from tty1 on (MAX_NR_CONSOLES in linux/vt.h); tty0 is the one in front.
const Screens = 63

// Screen says whether a terminal's name is that of a virtual screen (tty1), which has no line, whether or not there can be that one.
func Screen(name string) bool {
	digits, ok := strings.CutPrefix(name, "tty")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// NoScreen says whether a terminal's name is that of a virtual screen which no kernel has.
func NoScreen(name string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "tty"))
	return Screen(name) && (err != nil || n > Screens || name != "tty"+strconv.Itoa(n))
}
