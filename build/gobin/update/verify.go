package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// maxSignature is how many bytes a signature may have: one of a key of RSA with 16384 bits has 6 kB.
const maxSignature = 16 << 10

// verifyMain says who signed a manifest.
func verifyMain(keys []string, in io.Reader, out io.Writer) error {
	if len(keys) == 0 {
		return fmt.Errorf("%w: accepted: update verify KEY [KEY...]", errProtocol)
	}
	lines := bufio.NewReaderSize(in, maxLine)
	manifest, err := readBlob(lines, "manifest", slot.MaxManifest)
	if err != nil {
		return err
	}
	signature, err := readBlob(lines, "signature", maxSignature)
	if err != nil {
		return err
	}
	a := answers{out}
	k, err := whoSigned(keys, manifest, signature)
	if err != nil {
		return a.fail(err)
	}
	return a.line(bounded(strings.TrimSpace("ok "+ssh.FingerprintSHA256(k.PublicKey)+" "+k.comment), maxLine-1))
}

// whoSigned is the key, of those in the lines keys, that signed a manifest.
func whoSigned(keys []string, manifest, signature []byte) (key, error) {
	var known []key
	for i, line := range keys {
		k, err := parseKey(line)
		if err != nil {
			return key{}, fmt.Errorf("update.keys[%d]: %w", i, err)
		}
		known = append(known, k)
	}
	s, err := parseSignature(signature)
	if err != nil {
		return key{}, fmt.Errorf("the signature %w", err)
	}
	for _, k := range known {
		if string(k.Marshal()) == string(s.key.Marshal()) {
			if err := s.verify(manifest); err != nil {
				return key{}, fmt.Errorf("the signature by %s %w", ssh.FingerprintSHA256(k), err)
			}
			return k, nil
		}
	}
	return key{}, fmt.Errorf("signed by %s, which is not among update.keys", ssh.FingerprintSHA256(s.key))
}

// readBlob reads a line of a word and a length, and so many bytes.
func readBlob(in *bufio.Reader, word string, most uint64) ([]byte, error) {
	line, err := readLine(in)
	if err != nil {
		return nil, fmt.Errorf("%w: the end, where %q comes", errProtocol, word)
	}
	text, ok := strings.CutPrefix(line, word+" ")
	n, err := strconv.ParseUint(text, 10, 32)
	if !ok || err != nil || n > most {
		return nil, fmt.Errorf("%w: %.60q, where %q and at most %d come", errProtocol, line, word, most)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, fmt.Errorf("%w: a %s cut short: %w", errProtocol, word, err)
	}
	return b, nil
}
