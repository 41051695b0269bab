// Command sendtargets runs in a guest and asks an iSCSI target what it has, as an initiator without a password (RFC 7143,
// sections 4.3 and 11.10, Appendix C). It prints the names of targets, a line each; status 1 says that it was turned away.
//
//	sendtargets ADDRESS:PORT INITIATOR
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	if err := discover(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "sendtargets:", err)
		os.Exit(1)
	}
}

// Opcodes, and stages of a login.
const (
	opLogin, opText = 0x43, 0x44 // immediate
	transit         = 0x80
	operational     = 1
	full            = 3
)

func discover(address, initiator string) error {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	s := session{conn: conn}
	if _, err := s.login(operational, "InitiatorName="+initiator, "SessionType=Discovery", "AuthMethod=None"); err != nil {
		return err
	}
	if _, err := s.login(operational<<2|full, "HeaderDigest=None", "DataDigest=None", "MaxRecvDataSegmentLength=8192"); err != nil {
		return err
	}
	answer, err := s.ask(opText, transit, func(h []byte) { binary.BigEndian.PutUint32(h[20:], 0xffffffff) }, "SendTargets=All")
	for key := range strings.SplitSeq(answer, "\x00") {
		if name, ok := strings.CutPrefix(key, "TargetName="); ok {
			fmt.Println(name)
		}
	}
	return err
}

type session struct {
	conn net.Conn
	seen uint32 // the StatSN that is expected next
}

func (s *session) login(stages byte, keys ...string) (string, error) {
	return s.ask(opLogin, transit|stages, func(h []byte) { h[8] = 0x80 }, keys...) // a random ISID, of all zeros
}

// ask sends a request and returns the keys of the answer.
func (s *session) ask(op, flags byte, fill func([]byte), keys ...string) (string, error) {
	data := strings.Join(keys, "\x00") + "\x00"
	h := make([]byte, 48, 48+len(data)+3)
	h[0], h[1] = op, flags
	h[5], h[6], h[7] = byte(len(data)>>16), byte(len(data)>>8), byte(len(data))
	fill(h)
	binary.BigEndian.PutUint32(h[16:], 1)
	binary.BigEndian.PutUint32(h[28:], s.seen)
	h = append(h, data...)
	if _, err := s.conn.Write(append(h, make([]byte, -len(data)&3)...)); err != nil {
		return "", err
	}
	r := make([]byte, 48)
	if _, err := io.ReadFull(s.conn, r); err != nil {
		return "", err
	}
	s.seen = binary.BigEndian.Uint32(r[24:]) + 1
	n := int(r[5])<<16 | int(r[6])<<8 | int(r[7])
	body := make([]byte, n+(-n&3))
	if _, err := io.ReadFull(s.conn, body); err != nil {
		return "", err
	}
	switch r[0] {
	case opLogin&^0x40 | 0x20:
		if r[36] != 0 {
			return "", fmt.Errorf("turned away with status %02x%02x", r[36], r[37])
		}
		if r[1]&transit == 0 {
			return "", errors.New("the target wants more: " + strings.ReplaceAll(string(body[:n]), "\x00", " "))
		}
	case opText&^0x40 | 0x20:
	default:
		return "", fmt.Errorf("an answer of the kind %02x", r[0])
	}
	return string(body[:n]), nil
}
