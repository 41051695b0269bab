package profile

import (
	"errors"
	"testing"
)

// Numbers that a machine's words cannot hold are refused where they stand, not cut off to others; there is one root.
func TestNumbersAndRoots(t *testing.T) {
	user := func(name, uid string) string { return "[user." + name + "]\nuid = " + uid + "\nshell = \"/bin/sh\"\n" }
	for _, tc := range []problemCase{
		{"the last number", sound + user("ada", "4294967294"), nil},
		{"beyond 32 bits, where root would be", sound + user("ada", "4294967296"), []string{"p.toml:9:7: user.ada.uid: is the number 4294967296; accepted: "}},
		{"beyond 32 bits, where somebody would be", sound + user("ada", "4294968296"), []string{"p.toml:9:7: user.ada.uid: is the number 4294968296; accepted: "}},
		{"below zero", sound + user("ada", "-1"), []string{"p.toml:9:7: user.ada.uid: is the number -1; accepted: "}},
		{"beyond 63 bits", sound + user("ada", "9223372036854775808"), []string{"p.toml:9:7: user.ada.uid: "}},
		{"a second root", sound + user("ada", "0"), []string{"p.toml:9:7: user.ada.uid: 0 belongs to root already"}},
		{"root by its number", sound + user("root", "0"), nil},
		{"another root", sound + user("root", "1000"), []string{"p.toml:9:7: user.root.uid: is 1000; accepted: 0 for root"}},
		{"two of one number", sound + user("ada", "1000") + user("bob", "1000"), []string{"p.toml:12:7: user.bob.uid: 1000 belongs to ada already"}},
		{"a tag beyond 32 bits", sound + "[ethernet.lan]\nno_address = true\n[vlan.v]\nparent = \"lan\"\nid = 4294967316\nno_address = true\n", []string{"p.toml:12:6: vlan.v.id: is 4294967316; accepted: 1 to 4094"}},
		{"a size beyond 62 bits", sound + "[run]\nmemory = \"4194305T\"\n", []string{"p.toml:9:10: run.memory: \"4194305T\" is not a size; accepted: "}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// A byte order mark, as some editors leave it, is no part of the text, and moves no column.
			for _, mark := range []string{"", "\uFEFF"} {
				_, problems, err := Load("p.toml", finder(map[string]string{"p.toml": mark + tc.text}))
				errors.As(err, &problems)
				wantProblems(t, problems, tc.want)
			}
		})
	}
	text := "[kernel]\npackage = 3\n"
	_, _, err := Load("p.toml", finder(map[string]string{"p.toml": "\uFEFF" + text}))
	_, _, plain := Load("p.toml", finder(map[string]string{"p.toml": text}))
	if err == nil || plain == nil || err.Error() != plain.Error() {
		t.Errorf("with a byte order mark: %v, without: %v", err, plain)
	}
}
