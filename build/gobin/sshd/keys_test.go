package main

import (
	"crypto/ed25519"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func testKey(t testing.TB, seed byte) (ssh.PublicKey, string) {
	k, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), 32))).Public())
	if err != nil {
		t.Fatal(err)
	}
	return k, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
}

func TestFindKey(t *testing.T) {
	key, line := testKey(t, 'a')
	_, other := testKey(t, 'b')
	here := netip.MustParseAddr("192.0.2.7")
	for _, tt := range []struct {
		name, text string
		want       rules
		ok         bool
	}{
		{"alone", line, rules{}, true},
		{"with a comment, after others", "# x\n\n" + other + " b\nnonsense\n" + line + " me@there\n", rules{}, true},
		{"of another", other, rules{}, false},
		{"empty", "", rules{}, false},
		{"in a comment", "#" + line, rules{}, false},
		{"command", `command="echo \"hi\", you" ` + line, rules{command: `echo "hi", you`}, true},
		{"restricted", "restrict " + line, rules{noPTY: true}, true},
		{"restricted, with a terminal", "restrict,pty " + line, rules{}, true},
		{"from here", `from="192.0.2.0/24" ` + line, rules{from: []string{"192.0.2.0/24"}}, true},
		{"from elsewhere", `from="198.51.100.1,2001:db8::/32" ` + line, rules{}, false},
		{"from everywhere but here", `from="*,!192.0.2.7" ` + line, rules{}, false},
		{"from a name", `from="*.example.net" ` + line, rules{}, false},
		{"an option nobody knows", "verify-required " + line, rules{}, false},
		{"of an authority", "cert-authority " + line, rules{}, false},
		{"an option that is not finished", `command="x ` + line, rules{}, false},
		{"refused first, then allowed", "strange " + line + "\n" + line, rules{}, true},
	} {
		got, err := findKey([]byte(tt.text), key, here)
		if (err == nil) != tt.ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v; want %+v, ok = %v", tt.name, got, err, tt.want, tt.ok)
		}
	}
}

// Whatever stands in the file, only the key itself opens the account.
func FuzzFindKey(f *testing.F) {
	key, line := testKey(f, 'a')
	_, other := testKey(f, 'b')
	f.Add(`command="x",from="10.0.0.0/8",no-pty ` + other + "\n" + other)
	f.Add("ssh-ed25519 " + line)
	encoded := strings.Fields(line)[1]
	f.Fuzz(func(t *testing.T, text string) {
		_, err := findKey([]byte(text), key, netip.MustParseAddr("::1"))
		// Base64 may be written in several ways; its beginning and the key's first bytes can't.
		if err == nil && !strings.Contains(strings.NewReplacer("\r", "").Replace(text), encoded[:24]) {
			t.Errorf("%q let the key in", text)
		}
		_, _ = parseOptions(strings.Split(text, ","))
	})
}

func TestGuard(t *testing.T) {
	now := time.Unix(0, 0)
	at := func(s string) netip.Addr { return netip.MustParseAddr(s) }
	g := calm(4)
	a := at("::ffff:192.0.2.1")
	var pauses []time.Duration
	for range 12 {
		begin := now
		p, why := g.enter(a, now, nil)
		for why != "" {
			now = now.Add(time.Second)
			p, why = g.enter(at("192.0.2.1"), now, nil)
		}
		pauses = append(pauses, now.Sub(begin)/time.Second)
		g.leave(p, refused, now)
	}
	if want := []time.Duration{0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 120, 120}; !reflect.DeepEqual(pauses, want) {
		t.Errorf("pauses %v s, want %v", pauses, want)
	}
	if _, why := g.enter(at("192.0.2.2"), now, nil); why != "" {
		t.Error("another client pays for it:", why)
	}
	now = now.Add(longestPause)
	back, why := g.enter(a, now, nil)
	if why != "" {
		t.Fatal("still kept away:", why)
	}
	g.leave(back, loggedIn, now)
	if len(g.failed) != 0 {
		t.Errorf("not forgiven: %v", g.failed)
	}
	for i := range maxRecords + 10 {
		from := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		p, why := g.enter(from, now, nil)
		if why != "" {
			t.Fatal(why)
		}
		g.leave(p, refused, now)
	}
	if len(g.failed) > maxRecords {
		t.Errorf("%d records", len(g.failed))
	}
}
