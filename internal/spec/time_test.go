package spec

import "testing"

func TestTimeServer(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1":              "192.0.2.1",
		"2001:db8:0::1":          "2001:db8::1",
		"[2001:db8::1]":          "2001:db8::1",
		"[2001:db8::1]:1123":     "[2001:db8::1]:1123",
		"[2001:db8::1:1123]":     "[2001:db8::1:1123]",
		"2001:db8::1:1123":       "",
		"2001:db8::f:0":          "2001:db8::f:0",
		"2001:db8::1:123f":       "2001:db8::1:123f",
		"2001:db8:0:0:0:0:0:123": "2001:db8::123",
		"fe80::1%lan:123":        "",
		"fe80::1%lan":            "fe80::1%lan",
		"ntp.example.net":        "ntp.example.net",
		"ntp.example.net.:1123":  "ntp.example.net.:1123",
		"0.debian.pool.ntp.org":  "0.debian.pool.ntp.org",
		"":                       "",
		"300.1.1.1":              "",
		"ntp example":            "",
		"192.0.2.1:0":            "",
		"192.0.2.1:70000":        "",
		"[2001:db8::1":           "",
		"-ntp.example.net":       "",
		"udp://ntp.example.net":  "",
		"ntp.example.net:123:45": "",
	} {
		var s TimeServer
		err := s.UnmarshalText([]byte(text))
		if string(s) != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, s, err, want)
		}
	}
	if host, port := TimeServer("[2001:db8::1]:1123").Split(); host != "2001:db8::1" || port != 1123 {
		t.Errorf("got %s, %d", host, port)
	}
	if host, port := TimeServer("2001:db8::1").Split(); host != "2001:db8::1" || port != 123 {
		t.Errorf("got %s, %d", host, port)
	}
}

func TestLogServer(t *testing.T) {
	for text, want := range map[string]string{
		"udp://192.0.2.1":          "udp://192.0.2.1:514",
		"tcp://log.example.net":    "tcp://log.example.net:601",
		"tls://[2001:db8::1]":      "tls://[2001:db8::1]:6514",
		"tls://2001:db8::1":        "",
		"udp://2001:db8::1:514":    "",
		"udp://fe80::1%lan:514":    "",
		"tcp://[2001:db8::1]:1514": "tcp://[2001:db8::1]:1514",
		"http://log.example.net":   "",
		"192.0.2.1":                "",
		"udp://":                   "",
		"udp://log/path":           "",
	} {
		var s LogServer
		err := s.UnmarshalText([]byte(text))
		if string(s) != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, s, err, want)
		}
	}
	if n := Severity("warning").Number(); n != 4 {
		t.Errorf("warning is %d", n)
	}
	if n := Severity("").Number(); n != 6 {
		t.Errorf("nothing is %d", n)
	}
}

// An address whose end may be meant as a port is refused, with both ways to write what is meant.
func TestTwoReadings(t *testing.T) {
	var s LogServer
	want := `"udp://2001:db8::1:514" has an IPv6 address without brackets; accepted: udp://[2001:db8::1]:514 for a port, udp://[2001:db8::1:514] for none`
	if err := s.UnmarshalText([]byte("udp://2001:db8::1:514")); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	var n TimeServer
	want = `"2001:db8::1:123" may end with a port or be an address as a whole; accepted: [2001:db8::1]:123 for a port, [2001:db8::1:123] for none`
	if err := n.UnmarshalText([]byte("2001:db8::1:123")); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if host, port := TimeServer("[2001:db8::1:123]").Split(); host != "2001:db8::1:123" || port != TimePort {
		t.Errorf("got %s, %d", host, port)
	}
}

func FuzzTimeServer(f *testing.F) {
	f.Add("[2001:db8::1]:1123")
	f.Add("ntp.example.net")
	f.Fuzz(func(t *testing.T, text string) {
		var s, again TimeServer
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(s)); err != nil || again != s {
			t.Errorf("%q becomes %q, which becomes %q, %v", text, s, again, err)
		}
	})
}
