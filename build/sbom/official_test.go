package sbom

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"
)

// The project that keeps the format reads what we write, finds it valid, and finds in it what
// we put there.
func TestReadByTheFormatsOwnLibrary(t *testing.T) {
	text := Write(sample)
	var d v2_3.Document
	if err := json.ReadInto(bytes.NewReader(text), &d); err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(&d); err != nil {
		t.Error(err)
	}
	if d.SPDXVersion != v2_3.Version || d.DataLicense != v2_3.DataLicense || len(d.Packages) != len(sample.Parts)+1 {
		t.Errorf("%s, %s, %d packages", d.SPDXVersion, d.DataLicense, len(d.Packages))
	}
	// The library takes any purpose; the schema does not (its enum, without those nobody has here).
	for _, p := range d.Packages {
		if !slices.Contains([]string{"", "APPLICATION", "FIRMWARE", "LIBRARY", "OPERATING_SYSTEM", "OTHER"}, p.PrimaryPackagePurpose) {
			t.Errorf("%s has the purpose %q", p.PackageName, p.PrimaryPackagePurpose)
		}
	}
	urls := map[string]string{}
	for _, p := range d.Packages {
		for _, r := range p.PackageExternalReferences {
			urls[p.PackageName] = r.RefType + " " + r.Locator
		}
	}
	for _, part := range sample.Parts {
		if want := "purl " + part.PURL; part.PURL != "" && urls[part.Name] != want {
			t.Errorf("%s is %q, want %q", part.Name, urls[part.Name], want)
		}
	}
	// It must be able to refuse.
	lost := strings.Replace(string(text), `"relatedSpdxElement": "SPDXRef-`, `"relatedSpdxElement": "SPDXRef-lost-`, 1)
	d = v2_3.Document{}
	if err := json.ReadInto(strings.NewReader(lost), &d); err == nil && spdxlib.ValidateDocument(&d) == nil {
		t.Error("a relationship that leads nowhere is found valid")
	}
}
