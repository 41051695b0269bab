package efivars

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// blank is a store as OVMF's template has it, with room for size bytes.
func blank(size int) []byte {
	b := bytes.Repeat([]byte{0xff}, 72+storeHeader+size+100)
	le.PutUint16(b[volumeHeaderLength:], 72)
	id := store.Mixed()
	copy(b[72:], id[:])
	le.PutUint32(b[72+storeSize:], uint32(storeHeader+size))
	return b
}

// names reads back the names and sizes of variables, as firmware walks them.
func names(flash []byte) string {
	var all []string
	at := 72 + storeHeader
	for le.Uint16(flash[at:]) == variableStart && flash[at+2] == variableAdded {
		title, size := int(le.Uint32(flash[at+36:])), int(le.Uint32(flash[at+40:]))
		name := strings.ReplaceAll(string(flash[at+variableHeader:][:title]), "\x00", "")
		all = append(all, fmt.Sprint(name, ":", le.Uint32(flash[at+4:]), ":", size))
		at += (variableHeader + title + size + 3) &^ 3
	}
	return strings.Join(all, " ")
}

func TestEnrol(t *testing.T) {
	cert := &x509.Certificate{Raw: bytes.Repeat([]byte{7}, 301)}
	template := blank(4096)
	before := bytes.Clone(template)
	got, err := Enrol(template, cert)
	if err != nil {
		t.Fatal(err)
	}
	if want := "PK:39:345 KEK:39:345 db:39:345 SecureBootEnable:3:1"; names(got) != want {
		t.Errorf("got %s, want %s", names(got), want)
	}
	if !bytes.Equal(template, before) {
		t.Error("the template was written to")
	}
	if bytes.Count(got, cert.Raw) != 3 || !bytes.Equal(got[72+storeHeader+4096:], before[72+storeHeader+4096:]) {
		t.Error("the certificate is not there three times, or something behind the store was changed")
	}
}

func TestUnfitTemplates(t *testing.T) {
	cert := &x509.Certificate{Raw: make([]byte, 300)}
	full := blank(4096)
	copy(full[72+storeHeader:], "\xaa\x55")
	long := blank(64)
	le.PutUint32(long[72+storeSize:], 1<<30)
	for want, template := range map[string][]byte{
		"the template is too short":       make([]byte, 10),
		"no store of authenticated":       make([]byte, 1000),
		"holds variables already":         full,
		"says that it has 1073741824":     long,
		"of variables do not fit into 64": blank(64),
	} {
		if _, err := Enrol(template, cert); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
}

func TestOVMFsOwnTemplate(t *testing.T) {
	template, err := os.ReadFile(needed.File(t, "/usr/share/OVMF/OVMF_VARS_4M.fd"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Enrol(template, &x509.Certificate{Raw: make([]byte, 800)})
	if err != nil || len(got) != len(template) || !strings.HasPrefix(names(got), "PK:") {
		t.Errorf("%d bytes of %d, %q: %v", len(got), len(template), names(got), err)
	}
}

func FuzzEnrol(f *testing.F) {
	f.Add(blank(4096))
	f.Add(blank(64)[:120])
	f.Add([]byte{})
	cert := &x509.Certificate{Raw: make([]byte, 300)}
	f.Fuzz(func(t *testing.T, template []byte) {
		got, err := Enrol(template, cert)
		if err == nil && len(got) != len(template) {
			t.Errorf("%d bytes became %d", len(template), len(got))
		}
	})
}
