package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// key is a line of authorized_keys.
type key struct {
	ssh.PublicKey
	comment string
}

// algorithms are the kinds of keys that may sign, each with what it signs by. RSA with SHA-1 is not among them (PROTOCOL.sshsig, section 2).
var algorithms = map[string][]string{
	ssh.KeyAlgoED25519:    {ssh.KeyAlgoED25519},
	ssh.KeyAlgoECDSA256:   {ssh.KeyAlgoECDSA256},
	ssh.KeyAlgoECDSA384:   {ssh.KeyAlgoECDSA384},
	ssh.KeyAlgoECDSA521:   {ssh.KeyAlgoECDSA521},
	ssh.KeyAlgoRSA:        {ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
	ssh.KeyAlgoSKED25519:  {ssh.KeyAlgoSKED25519},
	ssh.KeyAlgoSKECDSA256: {ssh.KeyAlgoSKECDSA256},
}

// parseKey reads a line: type, key, comment. One with options is refused: they may forbid what it is used for here.
func parseKey(line string) (key, error) {
	if strings.ContainsAny(line, "\n\r") {
		return key{}, errors.New("is more than one line")
	}
	k, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return key{}, errors.New("is no public key of SSH; accepted: one line as in ~/.ssh/id_ed25519.pub")
	case len(options) > 0:
		return key{}, errors.New("has options; accepted: type, key, comment")
	case algorithms[k.Type()] == nil:
		return key{}, fmt.Errorf("is of the type %.60s, which does not sign updates; accepted: ssh-ed25519, ecdsa-sha2-*, ssh-rsa, sk-*", k.Type())
	}
	return key{k, comment}, nil
}

// signature is one of OpenSSH's (PROTOCOL.sshsig) that is for us, and not verified yet.
type signature struct {
	key ssh.PublicKey
	sum func([]byte) []byte
	// hash is the name of sum.
	hash string
	ssh.Signature
}

// preamble is what both the signature and what is signed begin with.
const preamble = "SSHSIG"

// parseSignature reads the text that ssh-keygen -Y sign writes: one signature, nothing else.
func parseSignature(text []byte) (s signature, err error) {
	const begin = "-----BEGIN SSH SIGNATURE-----"
	if !bytes.HasPrefix(text, []byte(begin)) {
		return s, errors.New("is none of SSH; accepted: what ssh-keygen -Y sign writes")
	}
	if bytes.Count(text, []byte("-----BEGIN")) > 1 {
		return s, errors.New("is more than one; accepted: one")
	}
	block, rest := pem.Decode(text)
	if block == nil || len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return s, errors.New("is damaged: its armor is not whole")
	}
	// Section 3, "Signature format".
	var blob struct {
		Preamble      [6]byte
		Version       uint32
		Key           []byte
		Namespace     string
		Reserved      string
		HashAlgorithm string
		Signature     []byte
	}
	if err := ssh.Unmarshal(block.Bytes, &blob); err != nil || string(blob.Preamble[:]) != preamble {
		return s, errors.New("is damaged: it is not whole")
	}
	if blob.Version != 1 {
		return s, fmt.Errorf("has the version %d; accepted: 1", blob.Version)
	}
	if blob.Namespace != slot.Namespace {
		return s, fmt.Errorf("is for another purpose, %.60q; accepted: one by ssh-keygen -Y sign -n %s", blob.Namespace, slot.Namespace)
	}
	if s.key, err = ssh.ParsePublicKey(blob.Key); err != nil {
		return s, errors.New("is damaged: it has no key of a known kind")
	}
	if err := ssh.Unmarshal(blob.Signature, &s.Signature); err != nil {
		return s, errors.New("is damaged: it is not whole")
	}
	if kinds := algorithms[s.key.Type()]; !slices.Contains(kinds, s.Format) {
		return s, fmt.Errorf("is by %.60q with a key of the type %.60q; accepted: by a plain key, RSA with SHA-2", s.Format, s.key.Type())
	}
	switch s.hash = blob.HashAlgorithm; s.hash {
	case "sha512":
		s.sum = func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }
	case "sha256":
		s.sum = func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	default:
		return s, fmt.Errorf("is of the hash %.60q; accepted: sha512, sha256", s.hash)
	}
	return s, nil
}

// verify says whether it is one of a text. Keys in a token must have been touched for it: x/crypto sees to that.
func (s signature) verify(text []byte) error {
	// Section 2, "Signed Data".
	signed := ssh.Marshal(struct {
		Namespace, Reserved, HashAlgorithm string
		Hash                               []byte
	}{slot.Namespace, "", s.hash, s.sum(text)})
	if err := s.key.Verify(append([]byte(preamble), signed...), &s.Signature); err != nil {
		return fmt.Errorf("is not one of this manifest: %w", err)
	}
	return nil
}
