package nft

import (
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestScan(t *testing.T) {
	files := map[string]string{
		"/etc/nftables.nft": `#!/usr/sbin/nft -f
flush ruleset
# table bridge commented { chain x { type nat hook
table inet filter { # zones
	set quoted { type ipv4_addr; comment "type nat hook" }
	chain input { type filter hook input priority filter; policy drop
		icmp type redirect drop
	}
}
include "nftables.d/*.nft"
include "/etc/nftables.nft"
table nat {
	chain post {
		type nat hook postrouting priority srcnat;
	}
}
add table bridge b
add chain bridge b pre { type nat hook prerouting priority -100 ; }
`,
		"/etc/nftables.d/10.nft": "table arp a {\n\tchain in { type filter hook input priority 0; }\n}\n",
		"/etc/nftables.d/20.nft": "table bridge ip {\n\tchain bridge {\n\t\ttype filter hook forward priority 0;",
		"/etc/other.nft":         "table inet never { chain x { type nat hook output priority 0; } }",
	}
	got := Scan("/etc/nftables.nft",
		func(name string) (string, bool) { text, ok := files[name]; return text, ok },
		func(pattern string) (all []string) {
			for name := range files {
				if ok, _ := path.Match(pattern, name); ok {
					all = append(all, name)
				}
			}
			slices.Sort(all)
			return all
		})
	want := []Chain{
		{Place{"/etc/nftables.nft", 6, 16}, "inet", "filter"},
		{Place{"/etc/nftables.d/10.nft", 2, 13}, "arp", "filter"},
		{Place{"/etc/nftables.d/20.nft", 3, 3}, "bridge", "filter"},
		{Place{"/etc/nftables.nft", 14, 3}, "ip", "nat"},
		{Place{"/etc/nftables.nft", 18, 26}, "bridge", "nat"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func FuzzScan(f *testing.F) {
	f.Add("table bridge b {\nchain c { type nat hook \"x\" # y\n include \"a\"\ninclude")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, c := range Scan("/a", func(string) (string, bool) { return text, true }, func(string) []string { return []string{"/a", "/b"} }) {
			if !strings.HasPrefix(lines[c.Line-1][c.Col-1:], "type") {
				t.Errorf("%+v is not at a type", c)
			}
		}
	})
}

func TestMessages(t *testing.T) {
	output := `In file included from /etc/nftables.nft:1:1-25:
/etc/nftables.d/10.nft:3:9-11: Error: syntax error, unexpected fwd, expecting string
  chain fwd {
        ^^^
/etc/nftables.nft:4:1-5:2: Error: Could not process rule: No such file or directory
`
	want := []Message{
		{Place{"/etc/nftables.d/10.nft", 3, 9}, "syntax error, unexpected fwd, expecting string"},
		{Place{"/etc/nftables.nft", 4, 1}, "Could not process rule: No such file or directory"},
	}
	got := Messages(output)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if doubtful(got) || !doubtful(got[1:]) {
		t.Error("nft's own errors are certain, the kernel's are not")
	}
}
