package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// handshakeTime is how long it may take to agree on keys.
	handshakeTime = 20 * time.Second
	// maxHeader is how many bytes what precedes an answer may have.
	maxHeader = 64 << 10
	// maxAhead is how many bytes HTTP/2 takes before they are asked for.
	maxAhead = 1 << 20
	// maxRedirects is how often a server may send elsewhere.
	maxRedirects = 5
)

func newClient(p patience, n *names, trusted *x509.CertPool) *http.Client {
	known := trusted != nil
	if !known {
		trusted = x509.NewCertPool() // nil would stand for what the system trusts
	}
	return &http.Client{
		CheckRedirect: func(req *http.Request, via []*http.Request) error { return checkRedirect(req, via, known) },
		Transport: &http.Transport{
			DialContext:            n.dial,
			TLSClientConfig:        &tls.Config{RootCAs: trusted},
			TLSHandshakeTimeout:    handshakeTime,
			ResponseHeaderTimeout:  p.stall,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: maxAhead, MaxReceiveBufferPerConnection: maxAhead},
			MaxIdleConns:           2,
			IdleConnTimeout:        time.Minute,
		},
	}
}

// errUnknowable is about an https server where there is nothing to know it by.
func errUnknowable(host string) error {
	return fmt.Errorf("%s is not asked: there are no certificates to know https servers by (update.ca, or the package ca-certificates)", host)
}

// refusal is an error that trying again does not change.
type refusal struct{ error }

// checkRedirect says where a server may send to; known, whether https servers can be known.
func checkRedirect(req *http.Request, via []*http.Request, known bool) error {
	req.Header.Del("Referer")
	from := via[len(via)-1].URL
	switch {
	case len(via) > maxRedirects:
		return refusal{fmt.Errorf("%s sends elsewhere more than %d times", via[0].URL.Host, maxRedirects)}
	case from.Scheme == "https" && req.URL.Scheme == "http":
		return refusal{fmt.Errorf("%s sends from https to http, to %s; accepted: https", from.Host, req.URL.Host)}
	case req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "":
		return refusal{fmt.Errorf("%s sends to an address that is not fetched: %.60q; accepted: https, http", from.Host, req.URL.Scheme+"://"+req.URL.Host)}
	case req.URL.Scheme == "https" && !known:
		return refusal{errUnknowable(req.URL.Host)}
	}
	return nil
}

// request asks for what is still wanted of a transfer (RFC 9110, section 14.2).
func (t *transfer) request() *http.Request {
	h := http.Header{"User-Agent": {"imgbuild-update"}, "Accept-Encoding": {"identity"}}
	switch {
	case !t.whole:
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", t.at, t.end-1))
	case t.at > 0:
		h.Set("Range", fmt.Sprintf("bytes=%d-", t.at))
	}
	if v := t.seen.validator(); v != "" && h.Get("Range") != "" {
		h.Set("If-Range", v)
	}
	return &http.Request{Method: http.MethodGet, URL: t.url, Header: h, Host: t.url.Host}
}

// asRefusal is the reason of a redirect that was not followed.
func asRefusal(err error) error {
	var r refusal
	if errors.As(err, &r) {
		return r.error
	}
	return nil
}
