package plan

import "testing"

func TestFile(t *testing.T) {
	for key, want := range map[string]string{
		"net.ipv4.ip_forward":               "net/ipv4/ip_forward",
		"net/ipv4/conf/bond0.20/forwarding": "net/ipv4/conf/bond0.20/forwarding",
		"net.ipv4.conf.bond0/20.forwarding": "net/ipv4/conf/bond0.20/forwarding",
		"/net//ipv4/ip_forward":             "net/ipv4/ip_forward",
		"net/../../etc/passwd":              "../etc/passwd",
		"":                                  ".",
		"x":                                 "x",
	} {
		if got := File(key); got != want {
			t.Errorf("File(%q) = %q, want %q", key, got, want)
		}
	}
}
