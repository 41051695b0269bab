package main

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// offers are the ten lists of algorithms with which a server begins (RFC 4253, 7.1).
func offers(t *testing.T, address string) [][]string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprint(c, "SSH-2.0-test\r\n")
	r := bufio.NewReader(c)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	var head struct {
		Length         uint32
		Padding, First byte
		Cookie         [16]byte
	}
	if err := binary.Read(r, binary.BigEndian, &head); err != nil || head.First != 20 {
		t.Fatalf("message %d: %v", head.First, err)
	}
	var lists [][]string
	for range 10 {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		lists = append(lists, strings.Split(string(b), ","))
	}
	return lists
}

// givenRSA is a host key that somebody brought along.
func givenRSA(t *testing.T) func(*server) {
	return func(s *server) {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		block, err := ssh.MarshalPrivateKey(private, "")
		if err == nil {
			err = writeKey(s.keyFile, pem.EncodeToMemory(block))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Nothing that rests on SHA-1 is offered, nor anything else that the library calls insecure; what is, clients of today have.
func TestOffersNothingWeak(t *testing.T) {
	t.Run("a host key of its own", func(t *testing.T) { offersNothingWeak(t, newBox(t, nil)) })
	t.Run("an RSA key", func(t *testing.T) { offersNothingWeak(t, newBox(t, givenRSA(t))) })
}

func offersNothingWeak(t *testing.T, b *box) {
	weak := ssh.InsecureAlgorithms()
	bad := slices.Concat(weak.KeyExchanges, weak.Ciphers, weak.MACs, weak.HostKeys, weak.PublicKeyAuths)
	for i, list := range offers(t, "127.0.0.1:"+b.port) {
		for _, name := range list {
			if slices.Contains(bad, name) || strings.HasSuffix(name, "sha1") || strings.Contains(name, "sha1-") {
				t.Errorf("list %d offers %s", i, name)
			}
		}
	}
	for _, row := range []struct {
		option string
		in     bool
	}{
		{"-oKexAlgorithms=diffie-hellman-group14-sha1", false}, {"-oMACs=hmac-sha1", false}, {"-oCiphers=aes128-cbc", false},
		{"-oKexAlgorithms=curve25519-sha256", true}, {"-oKexAlgorithms=diffie-hellman-group14-sha256", true}, {"-oMACs=hmac-sha2-256-etm@openssh.com", true},
		{"-oCiphers=aes256-ctr", true},
	} {
		options := []string{row.option}
		if strings.HasPrefix(row.option, "-oMACs") {
			options = append(options, "-oCiphers=aes128-ctr") // others bring a MAC of their own
		}
		if _, errs, status := b.run(b.ssh("me", "good", append(options, "true")...)); (status == 0) != row.in {
			t.Errorf("%s: status %d, %s", row.option, status, errs)
		}
	}
}
