package uki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
)

// WIN_CERTIFICATE of section 32.2.3 of the UEFI specification: u32 length, u16
// revision, u16 type, and the signature.
const (
	certificateHeader   = 8
	certificateRevision = 0x0200
	certificatePKCS7    = 0x0002
	certificateAlign    = 8
)

// Sign returns image, any PE32+ program without a signature, with one by key
// appended; firmware with Secure Boot starts it if it trusts cert. The key must be
// RSA and belong to cert. One image, key and certificate give the same bytes.
func Sign(image extent.Content, key crypto.Signer, cert *x509.Certificate) (*extent.Image, error) {
	signed, err := sign(image, key, cert)
	if err != nil {
		return nil, fmt.Errorf("signing a UEFI program: %w", err)
	}
	return signed, nil
}

func sign(image extent.Content, key crypto.Signer, cert *x509.Certificate) (*extent.Image, error) {
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the key is %T; firmware takes RSA only", key.Public())
	}
	if !public.Equal(cert.PublicKey) {
		return nil, errors.New("the key is not the certificate's")
	}
	h, err := readHeader(image)
	if err != nil {
		return nil, err
	}
	if h.u32(optSecurity) != 0 {
		return nil, errors.New("it is signed already")
	}
	if err := ownLine(image); err != nil {
		return nil, err
	}
	digest, err := digest(image, h)
	if err != nil {
		return nil, err
	}
	der, err := signDigest(digest, key, cert)
	if err != nil {
		return nil, err
	}
	at := int64(align(uint64(image.Size()), certificateAlign))
	table := make([]byte, align(uint64(certificateHeader+len(der)), certificateAlign))
	// The length is of the whole entry, filling included: some firmware steps by it unrounded.
	le.PutUint32(table, uint32(len(table)))
	le.PutUint16(table[4:], certificateRevision)
	le.PutUint16(table[6:], certificatePKCS7)
	copy(table[certificateHeader:], der)

	h.set32(optSecurity, uint32(at))
	h.set32(optSecurity+4, uint32(len(table)))
	h.set32(optCheckSum, 0)
	signed := extent.New(at + int64(len(table)))
	signed.Place(0, bytes.NewReader(h.file))
	head := int64(len(h.file))
	signed.Place(head, extent.Section(image, head, image.Size()-head))
	signed.Place(at, bytes.NewReader(table))
	sum, err := checksum(signed, signed.Size())
	if err != nil {
		return nil, err
	}
	h.set32(optCheckSum, sum)
	return signed, nil
}

// readHeader reads the headers of a PE file, which end where SizeOfHeaders says.
func readHeader(image extent.Content) (*header, error) {
	head := make([]byte, min(image.Size(), 4096))
	if _, err := image.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	h, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	if size := int64(h.u32(optHeadersSize)); size < int64(h.end()) || size > int64(len(head)) {
		return nil, fmt.Errorf("its headers have %d bytes, expected are %d to %d", size, h.end(), len(head))
	}
	h.file = head[:h.u32(optHeadersSize)]
	return h, nil
}

// digest is the file's SHA-256 without what signing changes: the checksum and the
// directory entry of the certificates. Sections must follow the headers and each
// other without gaps, or firmware, which goes by the section table, would get
// another digest than who hashes the file from end to end.
func digest(image extent.Content, h *header) ([]byte, error) {
	at := int64(len(h.file))
	for i := range h.sections() {
		s := h.section(i)
		if s.rawSize() == 0 {
			continue
		}
		if int64(s.rawOffset()) != at {
			return nil, fmt.Errorf("its section %d begins at %d, not at %d where the part before ends", i, s.rawOffset(), at)
		}
		at += int64(s.rawSize())
	}
	sum := sha256.New()
	check, security := h.at+optCheckSum, h.at+optSecurity
	sum.Write(h.file[:check])
	sum.Write(h.file[check+4 : security])
	sum.Write(h.file[security+8:])
	rest := io.NewSectionReader(image, int64(len(h.file)), image.Size()-int64(len(h.file)))
	n, err := io.Copy(sum, rest)
	if err != nil {
		return nil, err
	}
	if at > image.Size() || n != rest.Size() {
		return nil, io.ErrUnexpectedEOF
	}
	// What is appended to reach the alignment is part of the signed file.
	sum.Write(make([]byte, align(uint64(image.Size()), certificateAlign)-uint64(image.Size())))
	return sum.Sum(nil), nil
}
