package build

import (
	"crypto/rsa"
	"crypto/x509"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// signer signs UEFI programs with the key that a profile names.
type signer struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// openSigner reads the key and certificate of [secureboot]; nil without them.
func openSigner(p *profile.Profile) (*signer, error) {
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
	key, err := uki.ReadKey(fromProfile(p, "secureboot.key", s.Key))
	bad("secureboot.key", err)
	cert, err := uki.ReadCertificate(fromProfile(p, "secureboot.cert", s.Cert))
	bad("secureboot.cert", err)
	if len(problems) == 0 {
		bad("secureboot.cert", uki.CheckPair(key, cert))
	}
	return &signer{key, cert}, problems.Err()
}

func (s *signer) sign(image *extent.Image) (*extent.Image, error) {
	return uki.Sign(image, s.key, s.cert)
}
