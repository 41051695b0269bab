package qemu_tests

import (
	"regexp"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
)

// A virtio card that is up while the kernel shuts devices down may hang the machine for good (uinit/power): the bridge that it
// is a port of tells that it went down before.
func TestCardsAreDownBeforePowerOff(t *testing.T) {
	g := extended(t, cloud+`
[ethernet.lan]
dhcp4 = false
[bridge.br0]
ports     = ["lan"]
addresses = ["192.0.2.2/24"]
`, map[string]string{}).plugged(t, 0, "", segment(t))
	until(t, g, "a port that forwards", func(s *report.State) bool { return s.Boot != nil && s.Facts["link.br0.carrier"].Value == true })
	off(t, g)
	if said := g.Consoles()[0].Text(); !regexp.MustCompile(`going down: poweroff[\s\S]*br0: port 1\(lan\) entered disabled state[\s\S]*reboot: Power down`).MatchString(said) {
		t.Errorf("no word of the card between the shutdown and its end; the console shows\n%s", said)
	}
}
