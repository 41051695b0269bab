package dhcp6

import "strings"

// wireName writes a host name; one without dots stays open at its end (RFC 4704, section 4.2).
func wireName(name string) []byte {
	var b []byte
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return nil
		}
		b = append(append(b, byte(len(label))), label...)
	}
	if strings.Contains(name, ".") {
		b = append(b, 0)
	}
	return b
}
