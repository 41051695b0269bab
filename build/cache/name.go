package cache

import "strings"

// isKind and isKey say what may be a name in the cache.
func isKind(name string) bool { return isName(name, 41, "-", false) }
func isKey(name string) bool  { return isName(name, 181, "._+=-", true) }

// isName is code and not a regular expression because compiling one that counts to 180 takes longer than the rest of a start.
func isName(name string, longest int, marks string, upper bool) bool {
	for i := range len(name) {
		c := name[i]
		plain := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || upper && 'A' <= c && c <= 'Z'
		if !plain && (i == 0 || strings.IndexByte(marks, c) < 0) {
			return false
		}
	}
	return name != "" && len(name) <= longest
}
