package nflog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink/nl"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// logged is a message as the kernel makes it: header, then attributes.
func logged(group uint16, attrs ...[]byte) []byte {
	b := append([]byte{7, 0}, binary.BigEndian.AppendUint16(nil, group)...)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func attr(kind uint16, value []byte) []byte { return nl.NewRtAttr(int(kind), value).Serialize() }

func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

const (
	syn = "4500 003c 1c46 4000 4006 b1e6 c000 0201 c633 6407" + // 192.0.2.1 > 198.51.100.7
		"9c40 01bb 0000 0001 0000 0000 a002 faf0 0000 0000"
	ping6 = "6000 0000 0010 3a40 2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0002" + "8000 0000 0001 0001"
	// Hop-by-hop options, then UDP.
	dns6 = "6000 0000 0018 0040 fe80 0000 0000 0000 0000 0000 0000 0001 fe80 0000 0000 0000 0000 0000 0000 0002" +
		"1100 0502 0000 0100" + "d431 0035 0008 0000"
	who   = "0001 0800 0604 0001 0252 5400 0001 c000 0201 0000 0000 0000 c000 0202"
	piece = "4500 0028 1c46 2001 4006 b1e6 c000 0201 c633 6407" + "9c40 01bb" // a later fragment
)

func TestParse(t *testing.T) {
	name := func(i int) string { return []string{"lo", "wan", "lan", "br0"}[i] }
	for _, tc := range []struct {
		name string
		body []byte
		want string
	}{
		{"a SYN through a bridge, tagged", logged(1,
			attr(attrPacketHeader, octets(t, "0800 02 00")), attr(attrPrefix, []byte("wire \x00")),
			attr(attrIn, number(3)), attr(attrPhysIn, number(1)), attr(attrPhysOut, number(2)), attr(attrSequence, number(9)),
			attr(attrLinkHeader, octets(t, "020000000002 020000000001 0800")),
			attr(attrVLAN|0x8000, append(attr(1, octets(t, "8100")), attr(2, octets(t, "6014"))...)), attr(attrPayload, octets(t, syn))),
			"wire: in=br0 physin=wan physout=lan macsrc=02:00:00:00:00:01 macdst=02:00:00:00:00:02 vlan=20 src=192.0.2.1 dst=198.51.100.7 proto=TCP spt=40000 dpt=443 flags=SYN len=60"},
		{"an echo", logged(1, attr(attrPacketHeader, octets(t, "86dd 01 00")), attr(attrIn, number(2)), attr(attrPayload, octets(t, ping6))),
			"in=lan src=2001:db8::1 dst=2001:db8::2 proto=ICMPv6 type=128 code=0 len=56"},
		{"a header on the way", logged(1, attr(attrPacketHeader, octets(t, "86dd 01 00")), attr(attrPayload, octets(t, dns6))),
			"src=fe80::1 dst=fe80::2 proto=UDP spt=54321 dpt=53 len=64"},
		{"ARP", logged(1, attr(attrPacketHeader, octets(t, "0806 01 00")), attr(attrHardware, octets(t, "0006 0000 020000000001 0000")), attr(attrPayload, octets(t, who))),
			"macsrc=02:00:00:00:00:01 src=192.0.2.1 dst=192.0.2.2 proto=ARP type=1 code=0"},
		{"a later fragment has no ports", logged(1, attr(attrPacketHeader, octets(t, "0800 01 00")), attr(attrPayload, octets(t, piece))),
			"src=192.0.2.1 dst=198.51.100.7 proto=TCP len=40"},
		{"nobody knows what", logged(1, attr(attrPrefix, []byte("two words\x00")), attr(attrPacketHeader, octets(t, "88cc 01 00"))), "two words: proto=0x88cc"},
	} {
		p, err := parse(tc.body)
		if got := Text(p.Fields(name)); err != nil || got != tc.want {
			t.Errorf("%s: %v\n got %s\nwant %s", tc.name, err, got, tc.want)
		}
	}
	if _, err := parse(logged(1, []byte{9, 0, 1, 0, 1})); err == nil {
		t.Error("an attribute longer than its message is taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{syn, ping6, dns6, who, piece} {
		for _, kind := range []string{"0800", "86dd", "0806"} {
			f.Add(logged(1, attr(attrPacketHeader, octets(f, kind)), attr(attrPayload, octets(f, text)), attr(attrVLAN, attr(2, []byte{1, 2}))))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parse(b)
		if err != nil {
			return
		}
		for _, field := range p.Fields(func(int) string { return "if" }) {
			if field.Value == "" || field.Name == "" {
				t.Errorf("an empty field in %+v", p)
			}
		}
	})
}

// The whole request, as the kernel gets it; sums of lengths and the order of bytes are all in it.
func TestConfigure(t *testing.T) {
	req := configure(7)
	req.Seq = 9
	got := req.Serialize()
	want := octets(t, "38000000 0104 0500 09000000 00000000"+ // struct nlmsghdr
		"00 00 0007"+ // struct nfgenmsg
		"0500 0100 01 000000"+ // bind
		"0a00 0200 00000080 02 00 0000"+ // 128 bytes of packets
		"0800 0400 0000000a"+ // a tenth of a second
		"0600 0600 0001 0000") // with a sequence
	if !bytes.Equal(got, want) {
		t.Errorf("%x, want\n%x", got, want)
	}
}

// A flood at one rule takes nothing from another, nor from what the same rule says of another interface; a thousand rules take no
// more memory than some.
func TestLimits(t *testing.T) {
	l := Limits{Rate: 1, Burst: 2}
	now := time.Unix(0, 0)
	flood := Packet{Prefix: "forward", In: 2}
	for range 5 {
		l.of(flood.origin()).Pass(now)
	}
	for _, rare := range []Packet{{Prefix: "input", In: 2}, {Prefix: "forward", In: 3}, {Prefix: "forward", In: 2, PhysIn: 4}} {
		if !l.of(rare.origin()).Pass(now) {
			t.Errorf("%q of interface %d pays for another", rare.Prefix, rare.In)
		}
	}
	if got, want := l.Lost(), []Lost{{"forward", 2, 3}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for i := range 1000 {
		l.of(origin{strings.Repeat("x", i), 1}).Pass(now)
	}
	if len(l.limits) > maxLimits+1 {
		t.Errorf("%d limits", len(l.limits))
	}
}

func TestGaps(t *testing.T) {
	g := newGaps()
	var got []uint64
	for _, p := range []Packet{
		{Group: 1, Sequence: 7, HasSequence: true}, {Group: 1, Sequence: 8, HasSequence: true}, {Group: 2, Sequence: 0xffffffff, HasSequence: true},
		{Group: 1, Sequence: 12, HasSequence: true}, {Group: 2, Sequence: 1, HasSequence: true}, {Group: 1},
	} {
		got = append(got, g.missed(p))
	}
	if want := []uint64{0, 0, 0, 3, 1, 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
