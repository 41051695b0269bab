package beside

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A socket is open before its address is there, and one that cannot be had leaves none open.
func TestListen(t *testing.T) {
	files, err := Listen([]netip.Addr{netip.MustParseAddr("192.0.2.99"), netip.MustParseAddr("2001:db8::99")}, 0)
	if err != nil || len(files) != 2 {
		t.Fatalf("%d sockets, %v", len(files), err)
	}
	for i, want := range []string{"192.0.2.99", "2001:db8::99"} {
		l, err := net.FileListener(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Addr().(*net.TCPAddr).IP.String(); got != want {
			t.Errorf("socket %d is at %s, want %s", i, got, want)
		}
		l.Close()
		files[i].Close()
	}

	before := open()
	taken, err := Socket(netip.Addr{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(taken)
	if files, err := Listen([]netip.Addr{netip.MustParseAddr("192.0.2.99"), netip.MustParseAddr("127.0.0.1")}, portOf(t, taken)); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a port that is taken gives %v, %v", files, err)
	}
	if after := open(); after != before+1 {
		t.Errorf("%d files are open, %d before", after, before+1)
	}
	if fd, err := Socket(netip.MustParseAddr("fe80::1%nothing"), 0); err == nil {
		t.Errorf("on an interface that is not there: %d", fd)
	}
}

func open() int {
	all, _ := os.ReadDir("/proc/self/fd")
	return len(all)
}

func portOf(t *testing.T, fd int) int {
	t.Helper()
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	switch a := name.(type) {
	case *unix.SockaddrInet6:
		return a.Port
	case *unix.SockaddrInet4:
		return a.Port
	}
	t.Fatalf("it listens at %v", name)
	return 0
}

// Clients of either kind of address come in, and a server that starts again need not wait for the last one's connections.
func TestSocket(t *testing.T) {
	fd, err := Socket(netip.Addr{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	port := portOf(t, fd)
	conn, err := net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR); v != 1 || err != nil {
		t.Errorf("SO_REUSEADDR %d, %v", v, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
		t.Errorf("programs inherit it: %#x, %v", flags, err)
	}
	before := open()
	if other, err := Socket(netip.Addr{}, port); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("two on one port: %d, %v", other, err)
	}
	if after := open(); after != before {
		t.Errorf("%d files are open after it was refused, %d before", after, before)
	}
}
