package qemu_tests

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// tunnelEnds are the keys of the two ends of a tunnel; they guard nothing.
var tunnelEnds = []struct{ private, public string }{
	{"CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=", "QiyOemIn17yhNQs+K7cnn3iXuHu2hUt4PGDoAxGuMHk="},
	{"EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=", "jSD4x7v7mvPaTvUy7UTvxozmQrxdDFyx17kblsdO3wI="},
}

func tunnelled(t *testing.T, me int) appliance {
	t.Helper()
	return extended(t, cloud+fmt.Sprintf(`
[image]
overlays = ["headless", "files"]
[ethernet.lan]
dhcp4     = false
addresses = ["192.0.2.%[1]d/24"]

[wireguard.wg0]
private_key_file = "/etc/tunnel/key"
listen_port      = 51820
addresses        = ["198.51.100.%[1]d/24"]
[wireguard.wg0.peer.other]
public_key         = "%[3]s"
endpoint           = "192.0.2.%[2]d:51820"
allowed_ips        = ["198.51.100.%[2]d/32", "203.0.113.%[2]d/32"]
keepalive          = "1s"
preshared_key_file = "/etc/tunnel/shared"
[wireguard.own]
private_key_file = "/run/keys/own"
no_address       = true

[dummy.inner]
addresses = ["203.0.113.%[1]d/32"]
[route.inner]
destination = "203.0.113.%[2]d/32"
link        = "wg0"
source      = "203.0.113.%[1]d"
`, me+1, 2-me, tunnelEnds[1-me].public), map[string]string{
		"files/etc/tunnel/key": tunnelEnds[me].private + "\n", "files/etc/tunnel/shared": tunnelEnds[0].public + "\n",
	})
}

// Two boxes on one wire and a tunnel between them: what goes through it is answered, and never seen on the wire.
func TestTunnel(t *testing.T) {
	t.Parallel()
	wire := segment(t)
	seen := watch(wire)
	var boxes []*qemu.Guest
	for me := range 2 {
		boxes = append(boxes, tunnelled(t, me).plugged(t, me, "", wire))
	}
	for me, g := range boxes {
		until(t, g, "the tunnel", func(s *report.State) bool { return s.Units["wireguard:wg0"].State == "ok" && isBooted(s) })
		fact(t, g, "wireguard.wg0.public_key", tunnelEnds[me].public)
		fact(t, g, "wireguard.wg0.other.connected", true)
		fact(t, g, "wireguard.wg0.other.endpoint", fmt.Sprintf("192.0.2.%d:51820", 2-me))
	}
	for _, to := range []string{"198.51.100.2", "203.0.113.2"} {
		began := time.Now()
		if got := inside(t, boxes[0], "n=0; for i in {1..5}; do ping -i 10 -c 1 -w 60000 "+to+" >/dev/null && ((n++)); done; echo $n"); got != "5" {
			t.Errorf("%s of 5 echo requests to %s were answered", got, to)
		}
		t.Logf("%s answered after %v", to, time.Since(began).Round(time.Millisecond))
	}
	if got := inside(t, boxes[1], "m=$(ls -l /run/keys/own); echo ${m:0:10}"); got != "-rw-------" {
		t.Errorf("a key that was made has mode %q", got)
	}
	t.Logf("%d frames without a tag passed the wire", seen.of(0))
	for _, g := range boxes {
		off(t, g)
	}
}
