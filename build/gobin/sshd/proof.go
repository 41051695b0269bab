package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"
)

// sign signs what can be an exchange hash, by its length: one before the login, and those of later exchanges of keys after it.
func (m *monitor) sign(question []byte) error {
	var q signQuestion
	if err := ssh.Unmarshal(question, &q); err != nil {
		return err
	}
	if !slices.Contains([]int{32, 48, 64}, len(q.Hash)) { // SHA-256, SHA-384, SHA-512
		return errLies
	}
	signature, err := m.server.signature(q)
	if err != nil {
		return err
	}
	if m.id == nil {
		m.id = q.Hash
	}
	return m.line.send(ssh.Marshal(answer{Yes: true, Data: ssh.Marshal(signature)}))
}

func (s *server) signature(q signQuestion) (*ssh.Signature, error) {
	if k, ok := s.key.(ssh.AlgorithmSigner); ok {
		return k.SignWithAlgorithm(rand.Reader, q.Hash, q.Algorithm)
	}
	return s.key.Sign(rand.Reader, q.Hash)
}

// prove lets in whoever holds a key: this client's signature of its request in this session (RFC 4252, section 7).
func (m *monitor) prove(packet []byte) (entry, error) {
	var q keyRequest
	var signature ssh.Signature
	if err := errors.Join(ssh.Unmarshal(packet, &q), ssh.Unmarshal(q.Signature, &signature)); err != nil {
		return entry{}, err
	}
	key, err := ssh.ParsePublicKey(q.Key)
	if err != nil {
		return entry{}, err
	}
	if q.Service != "ssh-connection" || q.Method != "publickey" || !q.Signed || m.id == nil {
		return entry{}, errors.New("the request is none for a login by a key")
	}
	if q.Algorithm != signature.Format || !slices.Contains(ssh.SupportedAlgorithms().PublicKeyAuths, signature.Format) {
		return entry{}, fmt.Errorf("a signature by %.40q for %.40q", signature.Format, q.Algorithm)
	}
	signed := slices.Concat(ssh.Marshal(struct{ ID []byte }{m.id}), packet[:len(packet)-4-len(q.Signature)])
	if err := key.Verify(signed, &signature); err != nil {
		return entry{}, fmt.Errorf("key %s for %.40q: %w", fingerprint(key), q.User, err)
	}
	return m.opens(q.User, key)
}

// opens is checkKey, which it does not repeat for the key that it was last asked for: clients ask whether one would do, and then prove
// that they hold it.
func (m *monitor) opens(user string, key ssh.PublicKey) (entry, error) {
	asked := keyQuestion{user, key.Marshal()}
	if m.found != nil && m.asked.User == user && bytes.Equal(m.asked.Key, asked.Key) {
		return *m.found, nil
	}
	e, err := m.server.checkKey(user, m.from.Addr(), key)
	if m.found = nil; err == nil {
		m.asked, m.found = asked, &e
	}
	return e, err
}
