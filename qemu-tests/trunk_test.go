package qemu_tests

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// trunk is one of two boxes with two cables between them: a bond by LACP that carries two VLANs, each
// into a bridge of its own. Both have VLAN 20; the other one is the box's alone. Of the bond's ports the first one is found last.
func trunk(t *testing.T, last, alone int) appliance {
	t.Helper()
	return extended(t, cloud+fmt.Sprintf(`
[ethernet.lan]
dhcp4    = false
optional = false
[ethernet.lan2]
match = { index = 1 }
[bond.bond0]
ports     = ["lan2", "lan"]
mode      = "802.3ad"
lacp_rate = "fast"
[vlan."bond0.20"]
parent = "bond0"
id     = 20
[vlan.alone]
parent = "bond0"
id     = %[2]d
[bridge.br20]
ports     = ["bond0.20"]
addresses = ["192.0.2.%[1]d/24"]
[bridge.other]
ports     = ["alone"]
addresses = ["198.51.100.%[1]d/24"]
`, last, alone), map[string]string{})
}

// tags counts the frames of a segment by their VLAN (IEEE 802.1Q); 0 are those without.
type tags struct {
	mu    sync.Mutex
	count map[int]int
}

func watch(s *lan.Segment) *tags {
	c := &tags{count: map[int]int{}}
	s.Watch(func(frame []byte) {
		tag := 0
		if len(frame) >= 16 && binary.BigEndian.Uint16(frame[12:]) == 0x8100 {
			tag = int(binary.BigEndian.Uint16(frame[14:]) & 0xfff)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.count[tag]++
	})
	return c
}

func (c *tags) of(tag int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count[tag]
}

// Two boxes, two cables, LACP. Frames of a VLAN come out at its bridge and nowhere else, and go on
// while one of the cables is out.
func TestTrunk(t *testing.T) {
	t.Parallel()
	cables := []*lan.Segment{segment(t), segment(t)}
	wires := []*tags{watch(cables[0]), watch(cables[1])}
	var boxes []*qemu.Guest
	for i, alone := range []int{30, 40} {
		boxes = append(boxes, trunk(t, i+1, alone).plugged(t, i, "virtio-net-pci,speed=1000,duplex=full", cables...))
	}
	// A port in use collects and distributes at both ends: all of the state's bits but the last two (IEEE 802.1AX).
	aggregated := func(ports int) {
		t.Helper()
		began := time.Now()
		for _, g := range boxes {
			inside(t, g, fmt.Sprintf(`exec 9<> <(:); b=bond0; until [[ $(</sys/class/net/$b/bonding/ad_num_ports) = %[1]d && $(grep -c 'port state: 63$' /proc/net/bonding/$b) = %[2]d ]]
do read -rt 0.1 -u 9; done; true`, ports, 2*ports))
		}
		t.Logf("%d ports after %v", ports, time.Since(began).Round(time.Millisecond))
	}
	for _, g := range boxes {
		until(t, g, "VLAN 20", func(s *report.State) bool { return s.Units["online:br20"].State == "ok" && isBooted(s) })
	}
	aggregated(2)
	for i, g := range boxes {
		for _, link := range []string{"bond0", "bond0.20", "br20", "other"} {
			fact(t, g, "link."+link+".mac", qemu.MAC(0x10*i+1))
		}
	}
	a, b := boxes[0], boxes[1]

	before := counters(t, b)
	seen := []int{wires[0].of(20) + wires[1].of(20), wires[0].of(30) + wires[1].of(30)}
	if got := inside(t, a, "n=0; for i in {1..20}; do ping -i 10 -c 1 -w 60000 192.0.2.2 >/dev/null && ((n++)); done; echo $n"); got != "20" {
		t.Errorf("%s of 20 echo requests in VLAN 20 were answered", got)
	}
	if got := inside(t, a, "for i in {1..5}; do ping -i 10 -c 1 -w 200 198.51.100.2 >/dev/null 2>&1 && echo reached; done; :"); got != "" {
		t.Errorf("VLAN 30 of one box reaches VLAN 40 of the other: %q", got)
	}
	after := counters(t, b)
	t.Logf("received by the second box: %v before, %v after", before, after)
	if got := after["br20"] - before["br20"]; got < 20 {
		t.Errorf("%d packets came out at the bridge of VLAN 20, want 20 and more", got)
	}
	if got := after["other"] - before["other"]; got > 0 {
		t.Errorf("%d packets came out at the bridge of VLAN 40, which nobody sends to", got)
	}
	if n := wires[0].of(20) + wires[1].of(20) - seen[0]; n < 40 {
		t.Errorf("%d frames of VLAN 20 passed the cables, want 40 and more", n)
	}
	if n := wires[0].of(30) + wires[1].of(30) - seen[1]; n < 1 {
		t.Error("nothing of VLAN 30 passed the cables: the test above tests nothing")
	}

	// One echo request at a time, for u-root's ping takes whatever answer comes for its own. What got through is counted in
	// /run/answers, which stands in a tmpfs and is replaced whole; a request has two seconds, which is long for a busy host too.
	lost := make(chan string, 1)
	go func() {
		lost <- inside(t, a, `n=0; lost=0; most=0; until [[ -e /run/enough ]]; do
ping -i 10 -c 1 -w 2000 192.0.2.2 >/dev/null 2>&1 || { ((++lost > most)) && most=$lost; continue; }
lost=0; ((++n)); echo $n >/run/new; mv /run/new /run/answers; done; echo $most`)
	}()
	answered := func() {
		t.Helper()
		inside(t, a, "exec 9<> <(:); n=$(</run/answers); until (($(</run/answers) > n + 1)); do read -rt 0.1 -u 9; done; true")
	}
	for _, step := range []struct {
		in    bool
		ports int
	}{{false, 1}, {true, 2}} {
		for _, g := range boxes { // at both ends, before anybody waits
			cable(t, g, 0, step.in)
		}
		for _, g := range boxes {
			fact(t, g, "link.lan.carrier", step.in)
		}
		aggregated(step.ports)
		n := wires[1].of(20)
		answered()
		if !step.in && wires[1].of(20) <= n {
			t.Error("nothing passed the cable that is left")
		}
	}
	inside(t, a, ": > /run/enough")
	// Carrier is looked at every 100 ms. Who hears of a cable by LACP alone, at its usual pace, hears after 90 s.
	if n, err := strconv.Atoi(<-lost); err != nil || n > 5 {
		t.Errorf("%d echo requests in a row were lost, %v", n, err)
	} else {
		t.Logf("%d echo requests in a row were lost", n)
	}
	for _, g := range boxes {
		if s := off(t, g); s.Boot.State != "ok" {
			t.Errorf("the boot was %s", s.Boot.State)
		}
	}
}

// counters are how many packets each bridge received.
func counters(t *testing.T, g *qemu.Guest) map[string]int {
	t.Helper()
	count := map[string]int{}
	fields := strings.Fields(inside(t, g, "cd /sys/class/net; for i in br20 other; do echo $i $(<$i/statistics/rx_packets); done"))
	for pair := range slices.Chunk(fields, 2) {
		count[pair[0]], _ = strconv.Atoi(pair[1])
	}
	return count
}
