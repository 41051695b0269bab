package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// nameServer answers for box.test, by UDP and TCP.
type nameServer struct {
	at        netip.Addr        // where box.test is; by default 127.0.0.1
	asked     func(name string) // is called for each question, if it is not nil
	code      layers.DNSResponseCode
	silent    bool
	truncated bool // by UDP there is no room for an answer
}

// start has it answer at any port of an address.
func (n nameServer) start(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); l.Close() })
	go func() {
		for b := make([]byte, 4096); ; {
			count, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if a := n.answer(t, b[:count], n.truncated); a != nil {
				_, _ = conn.WriteTo([]byte("short"), from) // and no answer to anything
				_, _ = conn.WriteTo(a, from)
			}
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var size [2]byte // RFC 1035, section 4.2.2
			_, err1 := io.ReadFull(c, size[:])
			b := make([]byte, binary.BigEndian.Uint16(size[:]))
			_, err2 := io.ReadFull(c, b)
			if a := n.answer(t, b, false); a != nil && errors.Join(err1, err2) == nil {
				_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...))
			}
			c.Close()
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (n nameServer) answer(t *testing.T, question []byte, truncated bool) []byte {
	var d layers.DNS
	if err := d.DecodeFromBytes(question, gopacket.NilDecodeFeedback); err != nil || len(d.Questions) != 1 {
		t.Errorf("the name server is asked %q: %v", question, err)
		return nil
	}
	if n.silent {
		return nil
	}
	q, at := d.Questions[0], n.at
	if n.asked != nil {
		n.asked(string(q.Name))
	}
	if !at.IsValid() {
		at = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	d.QR, d.RA, d.TC, d.ResponseCode, d.Additionals = true, true, truncated, n.code, nil
	switch {
	case string(q.Name) != "box.test" && n.code == layers.DNSResponseCodeNoErr:
		d.ResponseCode = layers.DNSResponseCodeNXDomain
	case q.Type == layers.DNSTypeA && !truncated && n.code == layers.DNSResponseCodeNoErr:
		d.Answers = []layers.DNSResourceRecord{{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60, IP: at.AsSlice()}}
	}
	b := gopacket.NewSerializeBuffer()
	if err := d.SerializeTo(b, gopacket.SerializeOptions{FixLengths: true}); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

func TestNames(t *testing.T) {
	s, _ := start(t, kinds[0], http.HandlerFunc(whole))
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.LocalAddr().(*net.UDPAddr).AddrPort() // where nothing listens
	closed.Close()
	good := nameServer{}.start(t, "127.0.0.1:0")
	silent := nameServer{silent: true}.start(t, "127.0.0.1:0")
	unable := nameServer{code: layers.DNSResponseCodeServFail}.start(t, "127.0.0.1:0")
	short := nameServer{truncated: true}.start(t, "127.0.0.1:0")
	for _, tt := range []struct {
		name    string
		servers []netip.AddrPort
		host    string
		waits   int
		want    string
	}{
		{"answers", []netip.AddrPort{good}, "box.test", 0, ""},
		{"answers by IPv6", []netip.AddrPort{nameServer{}.start(t, "[::1]:0")}, "box.test", 0, ""},
		{"does not fit into UDP", []netip.AddrPort{short}, "box.test", 0, ""},
		{"the second one answers", []netip.AddrPort{silent, good}, "box.test", 0, ""},
		{"the first one cannot tell", []netip.AddrPort{unable, good}, "box.test", 0, ""},
		{"the first one is not there", []netip.AddrPort{nobody, good}, "box.test", 0, ""},
		{"no such name", []netip.AddrPort{good, silent}, "nas.test", 0, "nas.test has no address, says the name server (127.0.0.1, 127.0.0.1)"},
		{"a name of the machine's own", []netip.AddrPort{good}, "box", 0, "box has no address, says the name server (127.0.0.1)"},
		{"silence", []netip.AddrPort{silent, silent}, "box.test", 1, "gave up, for nothing came of 2 attempts: looking up box.test: no name server answers (127.0.0.1, 127.0.0.1)"},
		{"nobody can tell", []netip.AddrPort{unable, nobody}, "box.test", 1, "gave up, for nothing came of 2 attempts: looking up box.test: the name server cannot tell (127.0.0.1, 127.0.0.1): server misbehaving"},
		{"none is known", nil, "box.test", 1, "gave up, for nothing came of 2 attempts: looking up box.test: no name server is known"},
		{"none is needed", nil, "127.0.0.1", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := hasty
			p.tries, p.dial = 2, 3*time.Second
			f := newFetcher(p, nil)
			f.names.set(tt.servers)
			h := inside(t, f).get(nil, 0, 0, "http://"+net.JoinHostPort(tt.host, port))
			if h.err != tt.want || len(h.waits) != tt.waits || (h.err == "") != bytes.Equal(h.data, text) {
				t.Errorf("%d bytes, waits %q, %q; want %d waits, %q", len(h.data), h.waits, h.err, tt.waits, tt.want)
			}
		})
	}
}

// The order of name servers is that of who is asked: a later one is not told what an earlier one answers.
func TestNameServersInOrder(t *testing.T) {
	good := nameServer{}.start(t, "127.0.0.1:0")
	second, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	n := names{limit: hasty.dial}
	n.set([]netip.AddrPort{good, second.LocalAddr().(*net.UDPAddr).AddrPort()})
	if _, err := n.dial(t.Context(), "tcp", "nas.test:80"); err == nil || !strings.Contains(err.Error(), "no such host") {
		t.Error(err)
	}
	_ = second.SetReadDeadline(time.Now().Add(nextServer / 2))
	if count, _, err := second.ReadFrom(make([]byte, 512)); err == nil {
		t.Errorf("the second one is asked, too: %d bytes", count)
	}
}
