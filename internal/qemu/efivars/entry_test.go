package efivars

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/layout"
)

func TestAddEntry(t *testing.T) {
	e := Entry{Title: "box", Partition: layout.Partition{Start: 2048, Size: 4096}, Number: 2, Path: `\EFI\BOOT\BOOTX64.EFI`, Options: "quiet"}
	trusted, err := Enrol(blank(4096), &x509.Certificate{Raw: make([]byte, 301)})
	if err != nil {
		t.Fatal(err)
	}
	// 6 octets, the title, the path's three nodes, the options.
	const sizes = "Boot0000:7:120 BootOrder:7:2"
	for want, flash := range map[string][]byte{sizes: blank(4096), "PK:39:345 KEK:39:345 db:39:345 SecureBootEnable:3:1 " + sizes: trusted} {
		got, err := AddEntry(flash, e)
		if err != nil || names(got) != want {
			t.Errorf("got %s, %v, want %s", names(got), err, want)
		}
	}
	for want, flash := range map[string][]byte{"do not fit into 64": blank(64), "the template is too short": nil} {
		if _, err := AddEntry(flash, e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s", err, want)
		}
	}
}
