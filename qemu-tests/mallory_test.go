package qemu_tests

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// siege is a shipped profile with Mallory beside one of its interfaces.
type siege struct {
	profile string
	// link is that interface, and what the profile says of it besides.
	link, kind string
	victim     lan.Victim
	// nics are how many interfaces there are, the first of them on Mallory's wire; administrators come over the same one, or by one of
	// their own, whose network is ours; "-" is by the serial line alone.
	nics int
	ours string
}

var sieges = []siege{
	{"headless", "lan", "ethernet", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 22}, 1, ""},
	{"rescue", "lan", "ethernet", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 22}, 1, ""},
	{"nas", "lan", "ethernet", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 2049}, 1, ""},
	{"hypervisor", "br0", "bridge", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 22}, 2, ""},
	{"firewall", "wan", "ethernet", lan.Victim{Four: addr("203.0.113.2"), Router: addr("203.0.113.1"), Port: 22}, 3, "192.168.77"},
	{"firewall-bridge", "wire", "", lan.Victim{Four: addr("192.0.2.2"), Router: addr("192.0.2.1"), Port: 22}, 2, "-"},
}

// A neighbour who lies and floods, beside each shipped profile with addresses of its own: whoever administers the box is answered
// throughout, by SSH and on the serial line, its memory stays its own, and nothing that was forged is believed.
func TestMallory(t *testing.T) {
	t.Parallel()
	long(t) // TestCablesAndLeases has her beside a bond
	for _, b := range sieges {
		t.Run(b.profile, func(t *testing.T) { b.stands(t) })
	}
}

func (b siege) stands(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	wire, port := segment(t), freePort(t)
	g := b.boots(t, signer, wire, port)
	b.victim.MAC = mac(0)
	mallory := wire.Mallory(b.victim)

	doors := doors{all: []door{serialDoor(t, g)}}
	if b.ours != "-" {
		doors.all = append(doors.all, sshDoor(port, signer))
	}
	doors.rest(t)
	b.settles(t, g)
	before, memory := inside(t, g, b.believed()), available(t, g)
	under := func(attack string, costs int, begin func() (stop func() int)) (sent int) {
		stop := begin()
		took := doors.slowest(t)
		left := available(t, g)
		sent = stop()
		t.Logf("%s, %d sent: %d MB are left of %d", attack, sent, left>>10, memory>>10)
		doors.stood(t, attack, took)
		const most = 32 << 10
		if left < memory-most-costs {
			t.Errorf("%s: %d kB of memory are left, and %d kB were there before", attack, left, memory)
		}
		return sent
	}
	for _, a := range lan.Attacks {
		under(a.Name, 0, func() func() int { return mallory.Flood(a, 1000) })
	}
	if b.ours != "-" {
		for _, c := range crowds {
			connected := under(c.name, c.memory, func() func() int { return mallory.Beset(c.Crowd) })
			if b.ours == "" && connected == 0 {
				t.Errorf("%s: nobody got a connection", c.name)
			}
			if b.ours != "" && connected > 0 {
				t.Errorf("%s: %d got a connection", c.name, connected)
			}
		}
	}
	prints(t, g, b.believed(), before)
	s := g.Report().State()
	if n := hellos(&s); n != 1 {
		t.Errorf("uinit's worker was started %d times", n)
	}
	off(t, g)
}
