package console

import (
	"testing"

	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// The kernel's messages and the login come at one speed, whatever the row says: an entry of the boot menu may have chosen another one.
func TestLineSpeed(t *testing.T) {
	for line, want := range map[string]int{
		"":                                      57600,
		"console=ttyS0":                         57600,
		"console=ttyS0,":                        57600,
		"console=ttyS1,9600n8 console=tty0":     57600,
		"console=tty0 console=ttyS0,9600n8":     9600,
		"console=ttyS0,9600 console=ttyS0,1200": 1200,
	} {
		if got := lineSpeed(cmdline.Parse(line), "ttyS0", 57600); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}
