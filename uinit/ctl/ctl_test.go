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
		true:  "\r\x1b[Kmdadm --add\n\r\x1b[K1 %\r\x1b[K" + strings.Repeat("9", 79) + "…\r\x1b[Kok\n",
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

func TestStatusAndFacts(t *testing.T) {
	var b strings.Builder
	well := WriteStatus(&b, []report.Event{
		{Name: "mounts", State: "ok", Seconds: 0.023},
		{Name: "link:lan", State: "late", Seconds: 30, Message: "waiting: no interface matches driver=igb path=0000:03:00.0"},
	})
	want := "mounts                   ok          23ms\n" +
		"link:lan                 late         30s  waiting: no interface matches driver…\n"
	if b.String() != want || well {
		t.Errorf("status:\n%q\nwant\n%q", b.String(), want)
	}
	b.Reset()
	WriteFacts(&b, []report.Event{{Name: "a", Value: "x y"}, {Name: "b", Value: []any{"1", 2.0}}})
	if want := "a                              x y\nb                              [\"1\",2]\n"; b.String() != want {
		t.Errorf("facts: %q, want %q", b.String(), want)
	}
}
