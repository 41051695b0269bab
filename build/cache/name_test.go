package cache

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name      string
		kind, key bool
	}{
		{"deb-tree-1", true, true}, {"9", true, true}, {strings.Repeat("k", 41), true, true}, {strings.Repeat("k", 42), false, true},
		{"a86e-6.1.0-56-amd64-1", false, true}, {"Key_with+all=marks.", false, true}, {strings.Repeat("K", 181), false, true},
		{strings.Repeat("K", 182), false, false}, {"", false, false}, {".", false, false}, {"..", false, false}, {"-a", false, false},
		{"a/b", false, false}, {"a~", false, false}, {"a\n", false, false}, {"a b", false, false}, {"\u00e4", false, false}, {"a\x00", false, false},
	} {
		if isKind(tt.name) != tt.kind || isKey(tt.name) != tt.key {
			t.Errorf("%q: a kind %v, a key %v; want %v, %v", tt.name, isKind(tt.name), isKey(tt.name), tt.kind, tt.key)
		}
	}
}
