package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// inWords says for a person what kept a server from answering, and whether it is worth asking again.
func (f *fetcher) inWords(t *transfer, err error) error {
	if r := asRefusal(err); r != nil {
		return r
	}
	host := t.url.Hostname()
	var outer *url.Error // it has the whole address in it, which is nobody's business
	if errors.As(err, &outer) {
		if at, perr := url.Parse(outer.URL); perr == nil {
			host = at.Hostname() // where a redirect led
		}
		err = outer.Err
	}
	host = fmt.Sprintf("%.100s", host)
	if why := ofCertificate(host, err, time.Now()); why != nil {
		return why
	}
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s speaks http where https was asked for", host)
	case errors.Is(err, errNoServers):
		return &temporary{error: err}
	case errors.As(err, &dns):
		return f.ofName(host, dns)
	case errors.As(err, &timeout) && timeout.Timeout():
		return &temporary{error: fmt.Errorf("%s does not answer", host)}
	}
	return &temporary{error: fmt.Errorf("asking %s: %w", host, err)}
}

// ofName is about a name without an address.
func (f *fetcher) ofName(host string, err *net.DNSError) error {
	var asked []string
	for _, s := range f.names.get() {
		asked = append(asked, s.Addr().String())
	}
	by := strings.Join(asked, ", ")
	switch {
	case err.IsNotFound:
		return fmt.Errorf("%s has no address, says the name server (%s)", host, by)
	case err.IsTimeout:
		return &temporary{error: fmt.Errorf("looking up %s: no name server answers (%s)", host, by)}
	}
	return &temporary{error: fmt.Errorf("looking up %s: the name server cannot tell (%s): %s", host, by, err.Err)}
}

// ofCertificate says what is wrong with a server's certificate; nil if it is not that.
func ofCertificate(host string, err error, now time.Time) error {
	const layout = "2006-01-02 15:04 UTC"
	clock := now.UTC().Format(layout)
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		c := invalid.Cert
		whose := fmt.Sprintf("the certificate of %s", host)
		if c.IsCA {
			whose = fmt.Sprintf("the authority %.60q of %s", c.Subject.CommonName, host)
		}
		if now.Before(c.NotBefore) {
			return fmt.Errorf("%s is good from %s on only, and this machine's clock says %s", whose, c.NotBefore.UTC().Format(layout), clock)
		}
		return fmt.Errorf("%s was good until %s, and this machine's clock says %s", whose, c.NotAfter.UTC().Format(layout), clock)
	case errors.As(err, &unknown):
		by := ""
		if unknown.Cert != nil {
			by = fmt.Sprintf(" %.60q", unknown.Cert.Issuer.CommonName)
		}
		return fmt.Errorf("the certificate of %s is by an authority that is not trusted here:%s (update.ca says which are)", host, by)
	case errors.As(err, &other):
		good := append([]string{}, other.Certificate.DNSNames...)
		for _, ip := range other.Certificate.IPAddresses {
			good = append(good, ip.String())
		}
		return fmt.Errorf("the server's certificate is not for %s, but for: %.200s", host, strings.Join(good, ", "))
	case errors.As(err, &invalid):
		return fmt.Errorf("the certificate of %s: %w", host, invalid)
	}
	return nil
}
