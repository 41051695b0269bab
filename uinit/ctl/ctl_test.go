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
