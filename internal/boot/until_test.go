package boot

import (
	"strings"
	"testing"
)

// A guest that said nothing shows no empty lines, and under KVM the way out.
func TestUntilErrorOfSilence(t *testing.T) {
	for _, tc := range []struct {
		accel string
		last  []string
		want  string
	}{
		{"kvm", nil, "not within 3s; nothing at all was printed; where KVM hangs, --accel tcg emulates\nrepeat"},
		{"tcg", []string{""}, "not within 3s; nothing at all was printed\nrepeat"},
		{"kvm", []string{"one", "two"}, "not within 3s; its last lines were:\none\ntwo\nrepeat"},
	} {
		e := &UntilError{Pattern: "login:", Why: "not within 3s", Last: tc.last, Accel: tc.accel, Command: "qemu"}
		if !strings.Contains(e.Error(), tc.want) {
			t.Errorf("%s, %q: %q, want %q in it", tc.accel, tc.last, e.Error(), tc.want)
		}
	}
}
