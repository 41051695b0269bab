package qemu_tests

import (
	"encoding/binary"
	"net"
	"strconv"
	"testing"
	"time"
)

// timeServers starts a server of NTP (RFC 5905, section 7.3) for each offset from the true time, and
// returns them as a guest behind QEMU's user network knows them.
func timeServers(t *testing.T, offsets ...time.Duration) (names []string) {
	t.Helper()
	for _, offset := range offsets {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		go serveTime(c, offset)
		names = append(names, net.JoinHostPort("10.0.2.2", strconv.Itoa(c.LocalAddr().(*net.UDPAddr).Port)))
	}
	return names
}

func serveTime(c *net.UDPConn, offset time.Duration) {
	question := make([]byte, 512)
	for {
		n, from, err := c.ReadFromUDP(question)
		if err != nil {
			return
		}
		if n < 48 {
			continue
		}
		now := ntpTime(time.Now().Add(offset))
		reply := make([]byte, 48)
		reply[0], reply[1], reply[3] = 4<<3|4, 2, 0xec // version 4, server; stratum 2; 2^-20 s
		copy(reply[12:], []byte{127, 0, 0, 1})
		binary.BigEndian.PutUint64(reply[16:], now)
		copy(reply[24:], question[40:48])
		binary.BigEndian.PutUint64(reply[32:], now)
		binary.BigEndian.PutUint64(reply[40:], now)
		_, _ = c.WriteToUDP(reply, from)
	}
}

// ntpTime is seconds since 1900 in the upper half and their fraction in the lower.
func ntpTime(t time.Time) uint64 {
	const from1900to1970 = 2_208_988_800
	return uint64(t.Unix()+from1900to1970)<<32 | uint64(t.Nanosecond())<<32/1e9
}
