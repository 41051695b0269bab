package fat

import (
	"fmt"
	"strings"
)

const labelSize = 11

// Label makes a volume's label of any name: in capitals, as much of it as there is
// room for, with _ for what a label cannot hold.
func Label(name string) string {
	label := strings.Map(func(r rune) rune {
		if strings.ContainsRune(labelChars, r) {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return label[:min(len(label), labelSize)]
}

const labelChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

func encodeLabel(label string) ([labelSize]byte, error) {
	var b [labelSize]byte
	copy(b[:], "NO NAME    ")
	if label == "" {
		return b, nil
	}
	if len(label) > len(b) || strings.Trim(label, labelChars) != "" {
		return b, fmt.Errorf("the label %q is not up to %d upper-case letters, digits, - and _", label, len(b))
	}
	copy(b[:], label+strings.Repeat(" ", len(b)))
	return b, nil
}
