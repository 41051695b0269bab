package main

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// stranger is an SSH client that says what it likes: it goes as far as the first encrypted packet, which is
// before it has to say who it is, and leaves that packet to the test (RFC 4253, RFC 5647, RFC 8731).
type stranger struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	seal cipher.AEAD
	iv   []byte
}

const strangerVersion = "SSH-2.0-stranger"

func newStranger(t *testing.T, address string) *stranger {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &stranger{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// exchange makes the keys by aes128-gcm@openssh.com.
func (s *stranger) exchange() {
	s.t.Helper()
	s.write([]byte(strangerVersion + "\r\n"))
	line, err := s.in.ReadString('\n')
	if err != nil {
		s.t.Fatalf("reading the server's version: %v", err)
	}
	const aead, none = "aes128-gcm@openssh.com", "none"
	mine := append([]byte{20}, make([]byte, 16)...) // SSH_MSG_KEXINIT, cookie
	for _, list := range []string{"curve25519-sha256", "ssh-ed25519", aead, aead, "hmac-sha2-256", "hmac-sha2-256", none, none, "", ""} {
		mine = append(mine, field([]byte(list))...)
	}
	mine = append(mine, 0, 0, 0, 0, 0)
	s.packet(mine)
	theirs := s.read()
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	public := private.PublicKey().Bytes()
	s.packet(append([]byte{30}, field(public)...)) // SSH_MSG_KEX_ECDH_INIT
	var reply struct {
		HostKey, Public, Signature []byte `sshtype:"31"`
	}
	if err := ssh.Unmarshal(s.read(), &reply); err != nil {
		s.t.Fatalf("the server's half of the key exchange: %v", err)
	}
	peer, err := ecdh.X25519().NewPublicKey(reply.Public)
	if err != nil {
		s.t.Fatal(err)
	}
	secret, err := private.ECDH(peer)
	if err != nil {
		s.t.Fatal(err)
	}
	shared := ssh.Marshal(struct{ K *big.Int }{new(big.Int).SetBytes(secret)})
	h := sha256.New()
	for _, part := range [][]byte{[]byte(strangerVersion), []byte(strings.TrimRight(line, "\r\n")), mine, theirs, reply.HostKey, public, reply.Public} {
		h.Write(field(part))
	}
	h.Write(shared)
	id := h.Sum(nil)
	derive := func(letter byte) []byte { // RFC 4253, section 7.2
		sum := sha256.Sum256(append(append(append(append([]byte{}, shared...), id...), letter), id...))
		return sum[:]
	}
	block, err := aes.NewCipher(derive('C')[:16])
	if err != nil {
		s.t.Fatal(err)
	}
	if s.seal, err = cipher.NewGCM(block); err != nil {
		s.t.Fatal(err)
	}
	s.iv = derive('A')[:12]
	s.packet([]byte{21}) // SSH_MSG_NEWKEYS
	if got := s.read(); got[0] != 21 {
		s.t.Fatalf("message %d in place of NEWKEYS", got[0])
	}
}

// encrypted sends a packet whose plain text is what the test says, well sealed.
func (s *stranger) encrypted(plain []byte) {
	s.t.Helper()
	length := binary.BigEndian.AppendUint32(nil, uint32(len(plain)))
	s.write(s.seal.Seal(length, s.iv, plain, length))
	binary.BigEndian.PutUint64(s.iv[4:], binary.BigEndian.Uint64(s.iv[4:])+1)
}

func (s *stranger) packet(payload []byte) {
	s.t.Helper()
	padding := 16 - (5+len(payload))%8
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	b = append(append(b, byte(padding)), payload...)
	s.write(append(b, make([]byte, padding)...))
}

func (s *stranger) write(b []byte) {
	s.t.Helper()
	if _, err := s.conn.Write(b); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stranger) read() []byte {
	s.t.Helper()
	head := make([]byte, 5)
	if _, err := io.ReadFull(s.in, head); err != nil {
		s.t.Fatalf("reading a packet: %v", err)
	}
	rest := make([]byte, binary.BigEndian.Uint32(head)-1)
	if _, err := io.ReadFull(s.in, rest); err != nil {
		s.t.Fatalf("reading a packet: %v", err)
	}
	return rest[:len(rest)-int(head[4])]
}

func field(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// One packet of somebody who has not logged in must not end the server, and with it everybody's session
// (CVE-2026-46597: padding of 255 bytes in a packet that is shorter). Every length of padding is tried on the program itself.
func TestPacketBeforeLogin(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command(builtProgram(t), "-key", key, "-make-key").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	server := exec.Command(builtProgram(t), "-key", key, "-listen", address, "-pending", "20", "-empty", filepath.Join(t.TempDir(), "empty"))
	says, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewReader(says)
	if first, err := log.ReadString('\n'); err != nil || !strings.HasPrefix(first, "listening on") {
		t.Fatalf("%q, %v", first, err)
	}
	ended := make(chan string, 1)
	go func() {
		rest, _ := io.ReadAll(log)
		ended <- string(rest)
	}()
	bystander := newStranger(t, address)
	bystander.exchange()
	for _, padding := range []byte{0, 3, 30, 31, 32, 127, 128, 254, 255} {
		s := newStranger(t, address)
		s.exchange()
		s.encrypted(append([]byte{padding}, make([]byte, 31)...))
		// The server hangs up on one who sends nonsense; that it is done with the packet is the point.
		if _, err := io.Copy(io.Discard, s.in); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("padding %d: %v", padding, err)
		}
		s.conn.Close()
	}
	// Who was there before still is, and is answered: a service is asked for, and granted.
	request := append([]byte{5}, field([]byte("ssh-userauth"))...)
	padding := 16 - (1+len(request))%16 + 16
	bystander.encrypted(append(append([]byte{byte(padding)}, request...), make([]byte, padding)...))
	if _, err := bystander.in.ReadByte(); err != nil {
		t.Errorf("a client that was there all the time lost its server: %v", err)
	}
	_ = server.Process.Kill()
	_ = server.Wait()
	if text := <-ended; strings.Contains(text, "panic: ") {
		t.Errorf("the server panicked:\n%.2000s", text)
	}
}
