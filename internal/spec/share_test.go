package spec

import "testing"

func TestIQN(t *testing.T) {
	for text, ok := range map[string]bool{
		"iqn.2026-01.example.nas:backup": true, "iqn.2026-01.example.nas": true, "eui.02004567A425678D": true,
		"iqn.2026.example": false, "iqn.2026-01.": false, "IQN.2026-01.example": false, "backup": false, "": false, "eui.02": false,
		"iqn.2026-01.example:a/b": false, "iqn.2026-01.example:a b": false,
	} {
		var q IQN
		if err := q.UnmarshalText([]byte(text)); (err == nil) != ok || ok && string(q) != text {
			t.Errorf("%q: %q, %v", text, q, err)
		}
	}
}

func TestNTHash(t *testing.T) {
	var h NTHash
	if err := h.UnmarshalText([]byte("8846f7eaee8fb117ad06bdd830b7586c")); err != nil || h != "8846F7EAEE8FB117AD06BDD830B7586C" {
		t.Errorf("%q, %v", h, err)
	}
	for _, bad := range []string{"", "password", "8846f7eaee8fb117ad06bdd830b7586", "8846f7eaee8fb117ad06bdd830b7586c00"} {
		if err := h.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
