package lan

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/strangers"
)

// A crowd comes from all its addresses, and comes again when it was hung up on.
func TestCrowd(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER) {
		return
	}
	s := NewSegment()
	defer s.Close()
	mac := kernel(t, s)
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := s.Mallory(Victim{MAC: mac, Four: netip.MustParseAddr("192.0.2.1")})
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	stop := m.Beset(Crowd{Port: port, Addresses: 3, Each: 2, Talk: func(_ context.Context, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }})
	came := map[netip.Prefix]int{}
	enough := func() bool {
		for _, n := range came {
			if n < 5 { // twice as many as come at the same time
				return false
			}
		}
		return len(came) == 4
	}
	taken := 0
	for ; !enough(); taken++ {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		came[strangers.Origin(conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())]++
		conn.Close()
	}
	if got := stop(); got < taken {
		t.Errorf("they got %d connections, and %d were given", got, taken)
	}
}
