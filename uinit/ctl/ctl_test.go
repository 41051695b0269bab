package ctl

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// On a terminal what shows progress takes one line, which is gone when there is more to say; a file keeps all.
func TestWriteProgress(t *testing.T) {
	events := []report.Event{{Message: "mdadm --add"}, {Message: "1 %", State: feature.Progress}, {Message: strings.Repeat("9", 99), State: feature.Progress}, {Message: "ok"}}
	for terminal, want := range map[bool]string{
		true:  "\r\x1b[Kmdadm --add\n\r\x1b[K1 %\r\x1b[K" + strings.Repeat("9", 77) + "...\r\x1b[Kok\n",
		false: "mdadm --add\n1 %\n" + strings.Repeat("9", 99) + "\nok\n",
	} {
		var b strings.Builder
		for _, e := range events {
			writeProgress(&b, e, terminal)
		}
		if b.String() != want {
			t.Errorf("terminal %v: %q, want %q", terminal, b.String(), want)
		}
	}
}

// A disk's label, say, does nothing to a terminal, and adds no line to a list.
func TestForeignText(t *testing.T) {
	const label, want = "\x1b[2J\u009b1mone\ntwo", `\x1b[2J\u009b1mone`
	for name, write := range map[string]func(*strings.Builder){
		"a verb":        func(b *strings.Builder) { writeProgress(b, report.Event{Message: label}, false) },
		"on a terminal": func(b *strings.Builder) { writeProgress(b, report.Event{Message: label}, true) },
		"progress": func(b *strings.Builder) {
			writeProgress(b, report.Event{Message: label, State: feature.Progress}, true)
		},
		"a unit": func(b *strings.Builder) {
			WriteStatus(b, []report.Event{{Name: "mount:/x", State: "failed", Message: label}}, false)
		},
		"a fact":         func(b *strings.Builder) { WriteFacts(b, []report.Event{{Name: "x", Value: label}}) },
		"a list of them": func(b *strings.Builder) { WriteFacts(b, []report.Event{{Name: "x", Value: []any{label}}}) },
	} {
		var b strings.Builder
		write(&b)
		text := strings.TrimPrefix(b.String(), "\r\x1b[K")
		if strings.ContainsAny(text, "\x1b\u009b") || name != "a list of them" && !strings.Contains(text, want) {
			t.Errorf("%s: %q", name, b.String())
		}
		if name != "a verb" && name != "on a terminal" && strings.Count(strings.TrimSuffix(text, "\n"), "\n") > 0 {
			t.Errorf("%s has more than a line: %q", name, b.String())
		}
	}
}

func TestStatusAndFacts(t *testing.T) {
	var b strings.Builder
	well := WriteStatus(&b, []report.Event{
		{Name: "mounts", State: "ok", Seconds: 0.023},
		{Name: "link:lan", State: "late", Seconds: 30, Message: "waiting: no interface matches driver=igb path=0000:03:00.0"},
	}, false)
	want := "mounts                   ok          23ms\n" +
		"link:lan                 late         30s  waiting: no interface matches\n" +
		"                                           driver=igb path=0000:03:00.0\n"
	if b.String() != want || well {
		t.Errorf("status:\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	WriteStatus(&b, []report.Event{{Name: "a", State: "ok"}, {Name: "b", State: "failed", Message: "b"}, {Name: "c", State: "late"}, {Name: "d", State: "skipped"}, {Name: "e", State: "running"}}, true)
	want = "a                        \x1b[32mok      \x1b[m\n" +
		"b                        \x1b[1;31mfailed  \x1b[m          b\n" +
		"c                        \x1b[33mlate    \x1b[m\n" +
		"d                        \x1b[2mskipped \x1b[m\n" +
		"e                        running\n"
	if b.String() != want {
		t.Errorf("in colours:\n%q\nwant\n%q", b.String(), want)
	}
	b.Reset()
	WriteFacts(&b, []report.Event{{Name: "a", Value: "x y"}, {Name: "b", Value: []any{"1", 2.0}}})
	if want := "a                              x y\nb                              [\"1\",2]\n"; b.String() != want {
		t.Errorf("facts: %q, want %q", b.String(), want)
	}
}
