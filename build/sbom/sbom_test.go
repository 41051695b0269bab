package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/licence"
	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
)

var own = []licence.Text{{ID: "LicenseRef-own-1", Name: "own", Text: "as you like"}}

var sample = Image{Name: "box", Summary: "a box", Created: time.Unix(0, 0), Parts: []Part{
	{Name: "linux-image-6.1.0-9-amd64", Version: "6.1.1-1", Role: Contained, Purpose: OperatingSystem,
		PURL: DebianPURL("linux-image-6.1.0-9-amd64", "6.1.1-1", "amd64") + Upstream("linux", "6.1.1-1"), SHA256: "ab", Licence: "(GPL-1.0-or-later OR MIT) AND GPL-2.0-only"},
	{Name: "libstdc++6", Version: "1:12.2.0-14+deb12u1", Role: Contained, Licence: "GPL-2.0-only AND LicenseRef-own-1", Texts: own, Copyright: "Copyright 1998 Ada\nCopyright 1999 Eve"},
	{Name: "grub-common", Version: "2.06", Role: Tool, Licence: "ISC AND LicenseRef-own-1", Texts: own},
	{Name: "golang.org/x/sys", Version: "v0.30.0", Role: Contained, PURL: GoPURL("golang.org/x/sys", "v0.30.0"), Licence: "BSD-3-Clause"},
}}

// document is an SPDX document as these tests read it, without the library that writes it.
type document struct {
	Namespace string `json:"documentNamespace"`
	Creation  struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	} `json:"creationInfo"`
	Packages []struct {
		ID         string              `json:"SPDXID"`
		Name       string              `json:"name"`
		Version    string              `json:"versionInfo"`
		References []map[string]string `json:"externalRefs"`
	} `json:"packages"`
	Relationships []struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	} `json:"relationships"`
}

func written(t *testing.T, m Image) (d document) {
	t.Helper()
	if err := json.Unmarshal(Write(m), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every relationship leads to an element, and every element is reached, as a reader of
// the format expects.
func TestDocumentHoldsTogether(t *testing.T) {
	d := written(t, sample)
	ids := map[string]int{"SPDXRef-DOCUMENT": 0}
	form := regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`) // clause 7.2
	for _, p := range d.Packages {
		if _, twice := ids[p.ID]; twice || !form.MatchString(p.ID) || p.Name == "" {
			t.Errorf("element %q of %q", p.ID, p.Name)
		}
		ids[p.ID] = 0
	}
	var tools int
	for _, r := range d.Relationships {
		for _, id := range []string{r.From, r.To} {
			if _, ok := ids[id]; !ok {
				t.Errorf("%s %s %s leads nowhere", r.From, r.Type, r.To)
			}
			ids[id]++
		}
		if r.Type == string(Tool) {
			tools++
		}
	}
	for id, n := range ids {
		if n == 0 {
			t.Errorf("nothing leads to %s", id)
		}
	}
	if tools != 1 || len(d.Packages) != 5 || d.Creation.Created != "1970-01-01T00:00:00Z" || !slices.Equal(d.Creation.Creators, []string{"Tool: imgbuild"}) {
		t.Errorf("%d tools, %d packages, of %+v", tools, len(d.Packages), d.Creation)
	}
	for i, part := range sample.Parts {
		p := d.Packages[i+1]
		want := ""
		if part.PURL != "" {
			want = fmt.Sprint([]map[string]string{{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part.PURL}})
		}
		if got := strings.TrimPrefix(fmt.Sprint(p.References), "[]"); p.Name != part.Name || got != want {
			t.Errorf("%s is %s, want %s of %s", p.Name, got, want, part.Name)
		}
	}
}

func TestNamespaceFollowsTheContent(t *testing.T) {
	if !bytes.Equal(Write(sample), Write(sample)) {
		t.Error("two documents of one image differ")
	}
	other := sample
	other.Parts = other.Parts[:2]
	if written(t, sample).Namespace == written(t, other).Namespace {
		t.Error("two documents share a namespace")
	}
}

// A document that was written for any version is, with one, that of this version, and no other document's namesake.
func TestVersionComesLast(t *testing.T) {
	versions := map[string]string{}
	for _, version := range []string{"2026.49", "2026.50~rc1"} {
		m := sample
		m.Version, m.Summary = AnyVersion, "of "+AnyVersion
		b := WithVersion(Write(m), version)
		if err := sbomtest.Valid(b); err != nil {
			t.Errorf("by the schema: %v", err)
		}
		var d document
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatal(err)
		}
		if d.Packages[0].Version != version || d.Packages[1].Version != sample.Parts[0].Version || !bytes.Contains(b, []byte("of "+AnyVersion)) {
			t.Errorf("%s: %+v", version, d.Packages[:2])
		}
		versions[d.Namespace] = version
	}
	if len(versions) != 2 {
		t.Errorf("namespaces: %v", versions)
	}
}

func TestPURLs(t *testing.T) {
	for got, want := range map[string]string{
		DebianPURL("libstdc++6", "1:12.2.0~rc1-14+b1", "amd64"): "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0~rc1-14%2Bb1?arch=amd64",
		Upstream("gcc-12", "1:12.2.0+x"):                        "&upstream=gcc-12%401%3A12.2.0%2Bx",
		GoPURL("github.com/BurntSushi/toml", "v1.6.0"):          "pkg:golang/github.com/burntsushi/toml@v1.6.0",
		GoPURL("stdlib", "1.26.8"):                              "pkg:golang/stdlib@1.26.8",
		GoPURL("example.org/a", "v1.0.0+incompatible"):          "pkg:golang/example.org/a@v1.0.0%2Bincompatible",
		GoPURL("example.org/a", ""):                             "pkg:golang/example.org/a",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
