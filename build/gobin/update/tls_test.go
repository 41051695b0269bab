package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/gobin/update/updatetest"
)

// What is wrong with a certificate is said at once, with what a person needs to know of it.
func TestCertificates(t *testing.T) {
	here := []string{"127.0.0.1"}
	day := func(text string) time.Time { d, _ := time.Parse(time.DateOnly, text); return d }
	for _, tt := range []struct {
		name    string
		hosts   []string
		change  func(*x509.Certificate)
		foreign bool // of another authority than the one that is trusted
		want    string
	}{
		{"good", here, nil, false, ""},
		{"expired", here, func(c *x509.Certificate) { c.NotAfter = day("2020-02-03") }, false,
			"the certificate of 127.0.0.1 was good until 2020-02-03 00:00 UTC, and this machine's clock says CLOCK"},
		{"not yet valid", here, func(c *x509.Certificate) { c.NotBefore = day("2099-02-03") }, false,
			"the certificate of 127.0.0.1 is good from 2099-02-03 00:00 UTC on only, and this machine's clock says CLOCK"},
		{"for another", []string{"192.0.2.7", "example.net"}, nil, false, "the server's certificate is not for 127.0.0.1, but for: example.net, 192.0.2.7"},
		{"by another", here, nil, true, `the certificate of 127.0.0.1 is by an authority that is not trusted here: "updatetest" (update.ca says which are)`},
		{"for something else", here, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, false,
			"the certificate of 127.0.0.1: x509: certificate specifies an incompatible key usage"},
	} {
		trusted, signer := updatetest.NewAuthority(t), updatetest.NewAuthority(t)
		if !tt.foreign {
			signer = trusted
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(whole))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{signer.Issue(t, tt.hosts, tt.change)}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		pool, err := readCertificates(io.NopCloser(bytes.NewReader(trusted.PEM)))
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		h := inside(t, newFetcher(hasty, pool)).get(nil, 0, 0, s.URL)
		fits := false
		for _, now := range []time.Time{before, time.Now()} {
			fits = fits || h.err == strings.ReplaceAll(tt.want, "CLOCK", now.UTC().Format("2006-01-02 15:04 UTC"))
		}
		if !fits || len(h.waits) > 0 || (h.err == "") != bytes.Equal(h.data, text) {
			t.Errorf("%s: %d bytes, waits %q, %q; want %q", tt.name, len(h.data), h.waits, h.err, tt.want)
		}
	}
}

// Where no certificates are given nothing is trusted, least of all what the machine of this test trusts.
func TestTrustsNobody(t *testing.T) {
	asked := false
	s, _ := start(t, kinds[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true }))
	host := s.Listener.Addr().String()
	plain, _ := start(t, kinds[0], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.URL, http.StatusFound) }))
	c := inside(t, newFetcher(hasty, nil))
	want := host + " is not asked: there are no certificates to know https servers by (update.ca, or the package ca-certificates)"
	for _, url := range []string{s.URL, plain.URL} {
		if h := c.get(nil, 0, 0, url); h.err != want || len(h.waits) > 0 {
			t.Errorf("%q, %q; want %q", h.err, h.waits, want)
		}
	}
	if asked {
		t.Error("it was asked")
	}
	for _, text := range []string{"", "nonsense", string(updatetest.NewAuthority(t).PEM) + strings.Repeat("\n", maxCertificates)} {
		if _, err := readCertificates(io.NopCloser(strings.NewReader(text))); err == nil {
			t.Errorf("%d bytes are certificates", len(text))
		}
	}
}

// Who asks by https is never sent on by http.
func TestNotDowngraded(t *testing.T) {
	plain, _ := start(t, kinds[0], http.HandlerFunc(whole))
	s, trusted := start(t, kinds[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) }))
	h := inside(t, newFetcher(hasty, trusted)).get(nil, 0, 0, s.URL)
	want := s.Listener.Addr().String() + " sends from https to http, to " + plain.Listener.Addr().String() + "; accepted: https"
	if h.err != want || h.size != -2 {
		t.Errorf("%q, want %q", h.err, want)
	}
	if h := inside(t, newFetcher(hasty, trusted)).get(nil, 0, 0, strings.Replace(plain.URL, "http:", "https:", 1)); h.err != "127.0.0.1 speaks http where https was asked for" {
		t.Errorf("of http by https: %q", h.err)
	}
	for _, bad := range []string{"file:///etc/shadow", "ftp://192.0.2.1/x", "https:/x", "//x", "http://%zz"} {
		if h := inside(t, newFetcher(hasty, trusted)).get(nil, 0, 0, bad); h.err == "" || len(h.waits) > 0 {
			t.Errorf("%s: %q, %q", bad, h.err, h.waits)
		}
	}
}
