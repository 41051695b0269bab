package shown

import "testing"

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"usr/share/Größe µ 木.txt":  "usr/share/Größe µ 木.txt",
		`a\x1bb "q" 'r'`:           `a\x1bb "q" 'r'`,
		"tab\tstays":               "tab\tstays",
		"\x1b]0;title\a\x1b[2J":    `\x1b]0;title\a\x1b[2J`,
		"two\nrows\r":              `two\nrows\r`,
		"C1 \u009b31m, DEL \x7f":   `C1 \u009b31m, DEL \x7f`,
		"\u202egnp.exe":            `\u202egnp.exe`,
		"broken \xff\xc3 and \x00": `broken \xff\xc3 and \x00`,
		"\ufffd is a sign":         "\ufffd is a sign",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestText(t *testing.T) {
	if got, want := Text("one\x1b\ntwo\r\n"), "one\\x1b\ntwo\\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
