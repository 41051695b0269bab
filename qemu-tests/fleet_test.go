package qemu_tests

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// oneLine is the most that a box fetches of a version that differs from its own in one line of the profile, in bytes.
const oneLine = 100_000

// member builds a version of a box of the fleet. Versions differ in one line of their profile, whose end is swap.
func member(t *testing.T, d *depot, public, version, path string, swap int, more string) appliance {
	t.Helper()
	text := fmt.Sprintf(slotted, version, public, fmt.Sprintf("[image]\noverlays = [\"headless\", \"files\"]\n[sysctl]\n\"vm.swappiness\" = %d\n", swap)+more)
	text = strings.Replace(text, "[update]\n", fmt.Sprintf("[update]\nsource = \"https://10.0.2.2:%s%s\"\nca = \"/etc/ssl/update.pem\"\nauto = \"apply\"\ninterval = \"1m\"\n", d.Port, path), 1)
	return extended(t, text, map[string]string{"files/etc/ssl/update.pem": string(d.CA)})
}

// Three boxes take their versions from one server, from which seventeen others fetch at the same time. One box is given a version that
// fails, goes back, says why to its log server, and does not try that again; the others go on, and in the end all have the same version.
func TestFleet(t *testing.T) {
	t.Parallel()
	long(t) // three boxes, eleven boots, and minutes between that boxes wait
	const ours, theirs, crowd = "/box.update", "/other/box.update", 17
	d := newDepot(t, crowd)
	logs := newDatagrams(t)
	remote := "[log]\nremote = \"udp://" + logs.guestAddress() + "\"\n"
	key, public := release(t)
	first, firstOther := member(t, d, public, "1", ours, 10, ""), member(t, d, public, "1", theirs, 10, remote)
	second, bad := member(t, d, public, "2", ours, 20, ""), member(t, d, public, "2", theirs, 20, remote+worse["failing check"].more)
	third, thirdOther := member(t, d, public, "3", ours, 30, ""), member(t, d, public, "3", theirs, 30, remote)
	for _, a := range []appliance{second, bad, third, thirdOther} {
		signed(t, key, a.update())
	}
	d.publish(t, ours, second)
	d.publish(t, theirs, bad)
	fetchers := newFetchers(t, d, crowd, ours)

	f := firmware{"BIOS", qemu.BIOS, nil, "", nil}
	var boxes []*qemu.Guest
	for _, a := range []appliance{first, first, firstOther} {
		boxes = append(boxes, f.startDisk(t, a, a.disk(t), 4*limit, nil))
	}
	fetched := 0.0
	for _, g := range boxes[:2] {
		s := itRuns(t, g, "2", slot.Good)
		n, _ := before(&s)["update.fetched_bytes"].(float64)
		fetched += n
		if n <= 0 || n > oneLine {
			t.Errorf("a box says that it fetched %v bytes", n)
		}
	}
	if looks, content := d.given(ours); float64(content) != fetched || looks < 2 {
		t.Errorf("%d bytes were given to two boxes that looked %d times, and they say that they fetched %v", content, looks, fetched)
	}
	if served := d.Served(ours) + d.Served(ours+slot.SignatureSuffix); served > 2*oneLine {
		t.Errorf("%d bytes were given to two boxes in all", served)
	}
	t.Logf("two boxes fetched %v bytes of a version of %d, and were given %d in all", fetched, diskBytes(t, second.update()), d.Served(ours)+d.Served(ours+slot.SignatureSuffix))
	fetchers.have(t, second.update())

	why := "2 failed: " + worse["failing check"].why[0] + "; back on 1"
	until(t, boxes[2], "version 1, back from 2", func(s *report.State) bool {
		now := since(s)
		return now["version"] == "1" && now["update.failed"] == why && now["update.state"] == string(slot.Good)
	})
	logs.hears(t, boxes[2], why)
	// It asks again and again, and nothing comes of it.
	looks, content := d.given(theirs)
	d.looked(t, boxes[2], theirs, looks+3)
	if _, now := d.given(theirs); now != content {
		t.Errorf("%d bytes of what failed were fetched again", now-content)
	}
	s := boxes[2].Report().State()
	if now := since(&s); now["version"] != "1" || now["update.other_state"] != string(slot.Bad) || now["update.failed"] != why {
		t.Errorf("after more looks: %v", now)
	}

	d.publish(t, ours, third)
	d.publish(t, theirs, thirdOther)
	for _, g := range boxes {
		itRuns(t, g, "3", slot.Good)
	}
	for _, g := range boxes {
		off(t, g)
	}
}

// before are the facts of the boot before the one that runs.
func before(s *report.State) map[string]any {
	was, facts := map[string]any{}, map[string]any{}
	for _, e := range s.Events {
		switch e.Kind {
		case report.KindHello:
			was, facts = facts, map[string]any{}
		case report.KindFact:
			facts[e.Name] = e.Value
		}
	}
	return was
}

// datagrams is a log server by UDP (RFC 5426).
type datagrams struct {
	net.PacketConn
	came chan string
}

func newDatagrams(t *testing.T) *datagrams {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &datagrams{c, make(chan string, 1<<16)}
	t.Cleanup(func() { c.Close() })
	go func() {
		for b := make([]byte, 1<<16); ; {
			n, _, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			select {
			case d.came <- string(b[:n]):
			default: // more than anybody waits for
			}
		}
	}()
	return d
}

func (d *datagrams) guestAddress() string {
	_, port, _ := net.SplitHostPort(d.LocalAddr().String())
	return net.JoinHostPort("10.0.2.2", port)
}

// hears waits for a message with a text.
func (d *datagrams) hears(t *testing.T, g *qemu.Guest, text string) {
	t.Helper()
	for {
		select {
		case m := <-d.came:
			if strings.Contains(m, text) {
				return
			}
		case <-g.Exited():
			t.Fatalf("the guest ended before its log server heard %q", text)
		}
	}
}
