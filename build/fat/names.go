package fat

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	nameMax       = 255 // UTF-16 units
	longUnitsEach = 13  // of them in one record
)

func checkName(name string) error {
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("%q is no name", name)
	}
	if !utf8.ValidString(name) || strings.ContainsAny(name, `"*:<>?\|`) || strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		return fmt.Errorf(`the name %q holds a control character or one of " * : < > ? \ |`, name)
	}
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || strings.HasPrefix(name, " ") {
		return fmt.Errorf("the name %q begins or ends in a blank or ends in a dot, which FAT drops", name)
	}
	if len(utf16.Encode([]rune(name))) > nameMax {
		return errors.New("the name is longer than 255 characters")
	}
	return nil
}

// shortName gives a name of eight and three characters that is not taken: the name
// itself in capitals where it fits, else its start and a number.
func shortName(name string, taken map[[11]byte]bool) [11]byte {
	base, ext := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		base, ext = name[:dot], name[dot+1:]
	}
	base, lossy := shortChars(base)
	ext, lossyExt := shortChars(ext)
	lossy = lossy || lossyExt || len(base) > 8 || len(ext) > 3 || base == ""
	ext = ext[:min(len(ext), 3)]
	for number := 0; ; number++ {
		var short [11]byte
		tail := ""
		if number > 0 {
			tail = fmt.Sprintf("~%d", number)
		} else if lossy {
			continue
		}
		copy(short[:], base[:min(len(base), 8-len(tail))]+tail+"        ")
		copy(short[8:], ext+"   ")
		if !taken[short] {
			return short
		}
	}
}

// shortChars keeps what a short name can hold, in capitals, and says whether
// something else was lost.
func shortChars(s string) (kept string, lossy bool) {
	for _, r := range strings.ToUpper(s) {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || strings.ContainsRune("!#$%&'()-@^_`{}~", r)) {
			kept += string(r)
		} else {
			lossy = true
		}
	}
	return kept, lossy
}

// longUnits is the name as the records before the file's own hold it: UTF-16, ended by
// 0 and filled up with 0xffff. It is empty when the short name says the same.
func longUnits(name string, short [11]byte) []uint16 {
	plain := strings.TrimRight(string(short[:8]), " ")
	if ext := strings.TrimRight(string(short[8:]), " "); ext != "" {
		plain += "." + ext
	}
	if plain == name {
		return nil
	}
	units := utf16.Encode([]rune(name))
	if len(units)%longUnitsEach != 0 {
		units = append(units, 0)
	}
	for len(units)%longUnitsEach != 0 {
		units = append(units, 0xffff)
	}
	return units
}
