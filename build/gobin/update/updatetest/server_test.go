package updatetest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// The server gives what was asked for by any of its names, and counts it.
func TestServe(t *testing.T) {
	dir, text := t.TempDir(), bytes.Repeat([]byte("0123456789"), 1000)
	if err := os.WriteFile(filepath.Join(dir, "box.update"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Serve(t, dir, ForGuests)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CA) {
		t.Fatal("no authority")
	}
	for _, tt := range []struct {
		host, bytes string
		status      int
		want        []byte
	}{
		{"127.0.0.1", "", 200, text},
		{"10.0.2.2", "bytes=5-24", 206, text[5:25]},
		{"localhost", "bytes=20000-", 416, nil},
	} {
		before := s.Served("/box.update")
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: tt.host}}}
		defer client.CloseIdleConnections()
		request, err := http.NewRequest(http.MethodGet, s.URL+"/box.update", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.bytes != "" {
			request.Header.Set("Range", tt.bytes)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != tt.status || tt.want != nil && !bytes.Equal(body, tt.want) {
			t.Errorf("%s, %q: status %d, %d bytes, %v", tt.host, tt.bytes, answer.StatusCode, len(body), err)
		}
		if served := s.Served("/box.update") - before; tt.want != nil && served != int64(len(tt.want)) {
			t.Errorf("%s, %q: %d bytes are counted", tt.host, tt.bytes, served)
		}
	}
	if s.Served("/other") != 0 {
		t.Error("what nobody asked for is counted")
	}
}
