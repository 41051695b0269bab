package lease

import "strings"

// Names reads domain names in their wire format, one after the other (RFC 8415, section 10: no compression; RFC 1035, section 3.1).
// Names that could break or extend resolv.conf are dropped; what follows a broken one cannot be read.
func Names(b []byte) []string {
	var all []string
	var labels []string
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 {
			if name := strings.ToLower(strings.Join(labels, ".")); sound(name) {
				all = append(all, name)
			}
			labels, b = nil, b[1:]
			continue
		}
		if n > 63 || len(b) < 1+n {
			return all
		}
		labels, b = append(labels, string(b[1:1+n])), b[1+n:]
	}
	return all
}

func sound(name string) bool {
	return name != "" && len(name) <= 253 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}
