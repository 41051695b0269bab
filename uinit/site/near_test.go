package site

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNames(t *testing.T) {
	for name, near := range map[string]bool{
		"site.toml.txt": true, "Site.toml.TXT": true, "site.toml.toml": true, "site.txt": true, "site": true, "SITE.TML": true, "site (1).toml": true,
		"site - Copy.toml": true, "sites.toml": true, "site_toml": true, "site.toml1": true, "site.toml.toml.txt": true,
		"site.toml": false, "SITE.TOML": false, // FAT finds them by that name
		"._site.toml": false, ".site.toml.swp": false, "site.toml~": false, "SITE~1.TXT": false, "site.toml.bak": false, "sitemap.xml": false, "EFI": false, "boot.toml": false,
	} {
		if isNear(name) != near {
			t.Errorf("%q was meant to be site.toml: %t, want %t", name, !near, near)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	look := func() string {
		folder, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		return nearIn(folder)
	}
	for _, c := range []struct{ add, want string }{{"EFI", ""}, {"site.toml", ""}, {"site.txt", "site.txt"}, {"site.toml.txt", "site.toml.txt"}} {
		if err := os.WriteFile(filepath.Join(dir, c.add), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := look(); got != c.want {
			t.Errorf("with %s it is %q, want %q", c.add, got, c.want)
		}
	}
}

func TestBlank(t *testing.T) {
	for text, want := range map[string]bool{"": true, "# a\n\n  # b": true, "\r\n#\r\n": true, "a = 1": false, "# a\nb = 1\n": false} {
		if got := blank([]byte(text)); got != want {
			t.Errorf("%q says nothing: %t, want %t", text, got, want)
		}
	}
}
