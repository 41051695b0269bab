//go:build !nosyslogtls

package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// authoritiesLimit is in bytes; all that Debian trusts (ca-certificates) take 220 KB.
const authoritiesLimit = 4 << 20

// secured puts TLS over a connection (RFC 5425). The server's certificate must be for its
// name and come from the profile's authorities: nobody else should read these records. It
// needs a clock that is about right and a random pool that is ready.
func secured(ctx context.Context, raw net.Conn, r Remote) (net.Conn, error) {
	host, _, err := net.SplitHostPort(r.Address)
	if err != nil {
		return nil, err
	}
	pem, err := bounded.Read(r.CA, authoritiesLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates to trust: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the certificates to trust: none in %s", r.CA)
	}
	conn := tls.Client(raw, &tls.Config{ServerName: host, RootCAs: roots})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return conn, nil
}
