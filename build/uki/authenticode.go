package uki

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// A PE file's signature is PKCS #7 SignedData (RFC 2315) over an
// SpcIndirectDataContent, which holds the file's digest: Microsoft's "Windows
// Authenticode Portable Executable Signature Format", and section 32.2 of the UEFI
// specification.

func oid(last ...int) asn1.ObjectIdentifier { return last }

func algorithm(id asn1.ObjectIdentifier) pkix.AlgorithmIdentifier {
	return pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.NullRawValue}
}

type indirectData struct {
	Data   imageDataAttribute
	Digest digestInfo
}

type imageDataAttribute struct {
	Type  asn1.ObjectIdentifier
	Value imageData
}

// imageData holds what every signer writes into it: no flags, and a link to a file
// whose name says that it is obsolete.
type imageData struct {
	Flags asn1.BitString
	File  asn1.RawValue
}

type digestInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue
}

type signedData struct {
	Version      int
	Algorithms   []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      contentInfo
	Certificates asn1.RawValue
	Signers      []signerInfo `asn1:"set"`
}

type signerInfo struct {
	Version    int
	Issuer     issuerAndSerial
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// signDigest wraps a PE file's SHA-256 digest into SignedData, in DER. There is no
// signing time in it, and PKCS #1 v1.5 is deterministic: one file and one key give
// one signature.
func signDigest(digest []byte, key crypto.Signer, cert *x509.Certificate) (der []byte, err error) {
	// Marshal fails on values that no DER can hold; there are none here but by mistake.
	marshal := func(v any, params string) []byte {
		b, wrong := asn1.MarshalWithParams(v, params)
		if wrong != nil {
			panic("BUG: encoding a signature: " + wrong.Error())
		}
		return b
	}
	raw := func(v any, params string) asn1.RawValue { return asn1.RawValue{FullBytes: marshal(v, params)} }
	tagged := func(tag int, compound bool, content []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: compound, Bytes: content}
	}
	sha := algorithm(oid(2, 16, 840, 1, 101, 3, 4, 2, 1))
	indirect := oid(1, 3, 6, 1, 4, 1, 311, 2, 1, 4)

	file := marshal(tagged(0, false, utf16("<<<Obsolete>>>")), "")
	file = marshal(tagged(2, true, file), "")
	content := marshal(indirectData{
		Data: imageDataAttribute{
			Type:  oid(1, 3, 6, 1, 4, 1, 311, 2, 1, 15),
			Value: imageData{File: tagged(0, true, file)},
		},
		Digest: digestInfo{sha, digest},
	}, "")

	// What is digested is the content without its own tag and length.
	var inner asn1.RawValue
	if _, err := asn1.Unmarshal(content, &inner); err != nil {
		panic("BUG: reading what was just encoded: " + err.Error())
	}
	contentDigest := sha256.Sum256(inner.Bytes)
	attributes := []attribute{
		{oid(1, 2, 840, 113549, 1, 9, 3), []asn1.RawValue{raw(indirect, "")}},
		{oid(1, 2, 840, 113549, 1, 9, 4), []asn1.RawValue{raw(contentDigest[:], "")}},
	}
	// They are signed as a SET and stored under the tag [0] (RFC 2315, section 9.3).
	signed := sha256.Sum256(marshal(attributes, "set"))
	signature, err := key.Sign(rand.Reader, signed[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	data := marshal(signedData{
		Version:      1,
		Algorithms:   []pkix.AlgorithmIdentifier{sha},
		Content:      contentInfo{indirect, tagged(0, true, content)},
		Certificates: tagged(0, true, cert.Raw),
		Signers: []signerInfo{{
			Version:    1,
			Issuer:     issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber},
			Digest:     sha,
			Attributes: raw(attributes, "set,tag:0"),
			Algorithm:  algorithm(oid(1, 2, 840, 113549, 1, 1, 1)),
			Signature:  signature,
		}},
	}, "")
	return marshal(contentInfo{oid(1, 2, 840, 113549, 1, 7, 2), tagged(0, true, data)}, ""), nil
}

// utf16 is ASCII text in UTF-16, big-endian.
func utf16(s string) []byte {
	var b []byte
	for i := range len(s) {
		b = append(b, 0, s[i])
	}
	return b
}
