package uki

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// ReadKey reads a private RSA key in PEM: PKCS #8 ("PRIVATE KEY") or PKCS #1 ("RSA
// PRIVATE KEY"). Errors name the file and what is accepted.
func ReadKey(file string) (*rsa.PrivateKey, error) {
	block, err := readPEM(file, "a private RSA key", "PRIVATE KEY", "RSA PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading the key %s: %w", file, err)
		}
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the key %s: %w", file, err)
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading the key %s: it is %T; accepted: RSA, firmware takes nothing else", file, any)
	}
	return key, nil
}

// ReadCertificate reads an X.509 certificate in PEM. Errors name the file and what is
// accepted.
func ReadCertificate(file string) (*x509.Certificate, error) {
	block, err := readPEM(file, "a certificate", "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate %s: %w", file, err)
	}
	return cert, nil
}

// CheckPair says whether the certificate is the key's.
func CheckPair(key *rsa.PrivateKey, cert *x509.Certificate) error {
	if !key.PublicKey.Equal(cert.PublicKey) {
		return errors.New("the certificate belongs to another key")
	}
	return nil
}

// readPEM finds the first block of a wanted type.
func readPEM(file, what string, types ...string) (*pem.Block, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("%s holds no %s; accepted: %s in PEM, without a passphrase", file, types[0], what)
		}
		for _, t := range types {
			if block.Type == t {
				return block, nil
			}
		}
		text = rest
	}
}

// EncodeKey writes a key as PEM, in PKCS #8.
func EncodeKey(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic("BUG: encoding an RSA key: " + err.Error())
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// EncodeCertificate writes a certificate as PEM.
func EncodeCertificate(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
