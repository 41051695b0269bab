package media

import (
	"crypto/rsa"
	"crypto/x509"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Signer signs UEFI programs with the key that a profile names.
type Signer struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// OpenSigner reads the key and certificate of [secureboot]; nil without them. The error is Problems.
func OpenSigner(p *profile.Profile) (*Signer, error) {
	s := p.SecureBoot
	if s.Key == "" {
		return nil, nil
	}
	var problems profile.Problems
	bad := func(key string, err error) {
		if err != nil {
			problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: err.Error()})
		}
	}
	key, err := uki.ReadKey(p.Path("secureboot.key", s.Key))
	bad("secureboot.key", err)
	cert, err := uki.ReadCertificate(p.Path("secureboot.cert", s.Cert))
	bad("secureboot.cert", err)
	if len(problems) == 0 {
		bad("secureboot.cert", uki.CheckPair(key, cert))
	}
	return &Signer{key, cert}, problems.Err()
}

func (s *Signer) sign(image extent.Content) (*extent.Image, error) {
	return uki.Sign(image, s.key, s.cert)
}
