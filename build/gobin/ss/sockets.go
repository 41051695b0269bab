package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// socket is a line of the list.
type socket struct {
	kind, state, local, peer, inode string
	received, sent                  uint64
}

// kind is a file below /proc/net and what lies in it.
type kind struct {
	file, name string
	letter     rune
	read       func(proc string, k kind) ([]socket, error)
}

var kinds = []kind{
	{"unix", "unix", 'x', local},
	{"udp", "udp", 'u', internet}, {"udp6", "udp", 'u', internet},
	{"tcp", "tcp", 't', internet}, {"tcp6", "tcp", 't', internet},
}

// states are those of TCP by their numbers (include/net/tcp_states.h).
var states = []string{"UNKNOWN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECV"}

// lines are those of a file of the kernel after its heading; where the kernel has no such protocol there are none.
func lines(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	return slices.Collect(strings.Lines(rest)), err
}

func internet(proc string, k kind) (found []socket, err error) {
	all, err := lines(proc + "/net/" + k.file)
	for _, line := range all {
		f := strings.Fields(line)
		if len(f) < 10 {
			continue
		}
		number, _ := strconv.ParseUint(f[3], 16, 8)
		sent, received, _ := strings.Cut(f[4], ":")
		s := socket{kind: k.name, state: states[0], local: address(f[1]), peer: address(f[2]), inode: f[9]}
		if int(number) < len(states) {
			s.state = states[number]
		}
		s.sent, _ = strconv.ParseUint(sent, 16, 64)
		s.received, _ = strconv.ParseUint(received, 16, 64)
		found = append(found, s)
	}
	return found, err
}

// address reads ADDRESS:PORT as the kernel writes it: words of four octets in the machine's order, which is little-endian.
func address(text string) string {
	host, port, _ := strings.Cut(text, ":")
	b, _ := hex.DecodeString(host)
	for i := 0; i+4 <= len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	ip, _ := netip.AddrFromSlice(b)
	shown, n := ip.String(), "*"
	if ip.Is6() {
		shown = "[" + shown + "]"
	}
	if p, err := strconv.ParseUint(port, 16, 16); err == nil && p != 0 {
		n = fmt.Sprint(p)
	}
	return shown + ":" + n
}

// local reads sockets of this machine alone: Num RefCount Protocol Flags Type St Inode Path.
func local(proc string, k kind) (found []socket, err error) {
	all, err := lines(proc + "/net/" + k.file)
	for _, line := range all {
		f := strings.Fields(line)
		if len(f) < 7 {
			continue
		}
		types := map[string]string{"0001": "u_str", "0002": "u_dgr", "0005": "u_seq"}
		s := socket{kind: types[f[4]], state: "UNCONN", local: "*:" + f[6], peer: "*:*", inode: f[6]}
		switch {
		case f[3] == "00010000": // it accepts (__SO_ACCEPTCON, include/uapi/linux/net.h)
			s.state = "LISTEN"
		case f[5] == "03":
			s.state = "ESTAB"
		}
		if len(f) > 7 {
			s.local = f[7] + ":" + f[6]
		}
		found = append(found, s)
	}
	return found, err
}
