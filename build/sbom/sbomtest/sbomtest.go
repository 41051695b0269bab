// Package sbomtest judges what a build says of licences, with what others keep: the schema of SPDX, the reader of its makers, and a
// parser of license expressions.
package sbomtest

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/klauspost/compress/zstd"
	spdx "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
)

//go:embed spdx-schema-2.3.json
var schema []byte

// Valid says what is wrong with a document by the schema of those who keep the format.
func Valid(document []byte) error {
	var s jsonschema.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return err
	}
	rules, err := s.Resolve(nil)
	if err != nil {
		return err
	}
	var d any
	if err := json.Unmarshal(document, &d); err != nil {
		return err
	}
	return rules.Validate(d)
}

var reference = regexp.MustCompile(`LicenseRef-[A-Za-z0-9.-]+`)

// Licensed fails where a document is not valid, where a package of it has no license that others can read, and where a license of
// no name of SPDX's is without its text.
func Licensed(t testing.TB, document []byte) (d *v2_3.Document) {
	t.Helper()
	if err := Valid(document); err != nil {
		t.Errorf("by the schema: %v", err)
	}
	d = new(v2_3.Document)
	if err := spdx.ReadInto(bytes.NewReader(document), d); err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for _, o := range d.OtherLicenses {
		if strings.TrimSpace(o.ExtractedText) == "" || texts[o.LicenseIdentifier] {
			t.Errorf("%s is there twice, or has no text", o.LicenseIdentifier)
		}
		texts[o.LicenseIdentifier] = true
	}
	used := map[string]bool{}
	for _, p := range d.Packages {
		for what, expression := range map[string]string{"concluded": p.PackageLicenseConcluded, "declared": p.PackageLicenseDeclared} {
			// The image itself is under what its parts are under; its maker need not have said more.
			if p.PackageSPDXIdentifier == "Image" && what == "declared" && expression == "NONE" {
				continue
			}
			if ok, bad := spdxexp.ValidateLicenses([]string{expression}); !ok {
				t.Errorf("%s %s: license %s is %.200q", p.PackageName, p.PackageVersion, what, bad)
			}
			for _, r := range reference.FindAllString(expression, -1) {
				used[r] = true
			}
		}
	}
	if have, want := slices.Sorted(maps.Keys(texts)), slices.Sorted(maps.Keys(used)); !slices.Equal(have, want) {
		t.Errorf("there are texts of %v, and licenses %v", have, want)
	}
	return d
}

// Archived reads an archive of licenses: its files by their paths. They are sorted, and have one time.
func Archived(t testing.TB, packed []byte) map[string]string {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string]string{}
	var last, times string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		now := fmt.Sprint(h.ModTime.UTC(), h.Uid, h.Gid, h.Mode)
		if h.Name <= last || times != "" && times != now || len(text) == 0 {
			t.Errorf("%s after %s, %s after %s, %d bytes", h.Name, last, now, times, len(text))
		}
		last, times, files[h.Name] = h.Name, now, string(text)
	}
}

// Beside judges both where a build wrote them, by what their names begin with: every package has its own words in the archive.
func Beside(t testing.TB, name string) {
	t.Helper()
	document, err := os.ReadFile(name + ".sbom.spdx.json")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(name + ".licenses.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	d, files := Licensed(t, document), Archived(t, packed)
	for _, p := range d.Packages {
		dirs := []string{"debian/" + p.PackageName + "/", "go/" + p.PackageName + "@" + p.PackageVersion + "/"}
		switch p.PackageName {
		case "go":
			dirs = []string{"go/stdlib@" + p.PackageVersion + "/"}
		case "linux":
			dirs = []string{"linux/"}
		case "github.com/imgbuild/imgbuild":
			dirs = []string{"imgbuild/"}
		}
		if p.PackageSPDXIdentifier != "Image" && !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(f string) bool {
			return slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(f, dir) })
		}) {
			t.Errorf("nothing of %s %s is in the archive", p.PackageName, p.PackageVersion)
		}
	}
}
