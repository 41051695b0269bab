package main

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"golang.org/x/crypto/ssh"
)

// keyRequest is a client's request to be let in by a key (RFC 4252, section 7). Its signature is of the session's identifier
// and of all that stands before the signature.
type keyRequest struct {
	User      string `sshtype:"50"`
	Service   string
	Method    string
	Signed    bool
	Algorithm string
	Key       []byte
	Signature []byte
}

// keyRequestOf finds the request that the library has just read. The library verifies the signature itself and shows it to nobody,
// but the monitor has to see it; so it is read from where the library has deciphered it. Clients wait for the answer to their
// request, and nothing else is read in there meanwhile. Whatever this finds, the monitor judges it: what is wrong here can only
// keep somebody out.
func keyRequestOf(conn ssh.ConnMetadata) (packet []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			packet, err = nil, fmt.Errorf("BUG: the SSH library keeps packets elsewhere now: %v", v)
		}
	}()
	begin := ssh.Marshal(struct {
		User            string `sshtype:"50"`
		Service, Method string
		Signed          bool
	}{conn.User(), "ssh-connection", "publickey", true})
	transport := reflect.ValueOf(conn).Elem().FieldByName("transport").Elem().Elem().FieldByName("conn").Elem().Elem()
	cipher := transport.FieldByName("reader").FieldByName("packetCipher").Elem().Elem()
	for i := range cipher.NumField() {
		f := cipher.Field(i)
		if f.Kind() != reflect.Slice || f.Type().Elem().Kind() != reflect.Uint8 {
			continue
		}
		_, rest, found := bytes.Cut(f.Bytes(), begin)
		if !found {
			continue
		}
		var q struct {
			Algorithm, Key, Signature string
			Padding                   []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(rest, &q); err != nil {
			return nil, fmt.Errorf("the client's request: %w", err)
		}
		return slices.Concat(begin, rest[:len(rest)-len(q.Padding)]), nil
	}
	return nil, fmt.Errorf("BUG: the client's request is in none of the packets of %s", cipher.Type())
}
