// Package secure puts TLS over connections to log servers. It makes the init more than a megabyte larger, so it is left out where no
// profile asks for tls:// (build tag nosyslogtls, uinit/features/logencryption.go).
package secure

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

// Client puts TLS over a connection to address (RFC 5425). The server's certificate must be for its
// name and come from the authorities in the PEM file ca: nobody else should read these records. It
// needs a clock that is about right and a random pool that is ready.
func Client(ctx context.Context, raw net.Conn, address, ca string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	pem, err := bounded.Read(ca, authoritiesLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates to trust: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the certificates to trust: none in %s", ca)
	}
	conn := tls.Client(raw, &tls.Config{ServerName: host, RootCAs: roots})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return conn, nil
}
