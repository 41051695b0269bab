// Package sbom writes what an image is made of as an SPDX 2.3 document in JSON
// (https://spdx.github.io/spdx-spec/v2.3/). It is a pure function of its input: the same
// parts give the same bytes.
package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/layout"
)

// Image is what the document is about.
type Image struct {
	// Name of the appliance, Summary for people.
	Name, Summary string
	// Created is the document's time. A build gives the image's epoch, never the clock.
	Created time.Time
	// Parts in the order in which they are listed. Names and versions together are
	// unique.
	Parts []Part
}

// Role is how a part relates to the image.
type Role string

// Roles, as SPDX names relationships (clause 11).
const (
	// Contained: its bytes, or some of them, are in the image.
	Contained Role = "CONTAINS"
	// Tool: it helped to make the image, and nothing of it is there.
	Tool Role = "BUILD_TOOL_OF"
)

// Purposes, as the JSON form spells them: clause 7.24, which is about another form, has a hyphen
// in the first, and the JSON schema (schemas/spdx-schema.json of the specification) an underscore.
const (
	OperatingSystem = "OPERATING_SYSTEM"
	Library         = "LIBRARY"
)

// Part is a package in the sense of SPDX.
type Part struct {
	Name, Version string
	Role          Role
	// Purpose is SPDX's primary package purpose; empty where nobody says.
	Purpose string
	// PURL locates it (https://github.com/package-url/purl-spec); empty for none.
	PURL string
	// SHA256 in hex of the file that it came in; empty where nobody knows.
	SHA256 string
	// Source says in words where it is from.
	Source string
}

// Write renders the document.
func Write(m Image) []byte {
	root := element{
		ID: "SPDXRef-Image", Name: m.Name, Summary: m.Summary, Download: none, Concluded: none, Declared: none,
		Copyright: none, Purpose: OperatingSystem,
	}
	d := document{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: documentID, Name: m.Name,
		Creation:      creation{m.Created.UTC().Format("2006-01-02T15:04:05Z"), []string{"Tool: imgbuild"}},
		Packages:      []element{root},
		Relationships: []relationship{{documentID, "DESCRIBES", root.ID}},
	}
	for i, p := range m.Parts {
		e := p.element(i)
		d.Packages = append(d.Packages, e)
		if p.Role == Tool {
			d.Relationships = append(d.Relationships, relationship{e.ID, string(Tool), root.ID})
		} else {
			d.Relationships = append(d.Relationships, relationship{root.ID, string(Contained), e.ID})
		}
	}
	// The namespace must differ wherever the content does (clause 6.5).
	d.Namespace = "https://github.com/imgbuild/imgbuild/sbom/" + layout.Derive(m.Name, string(render(d))).String()
	return render(d)
}

func render(d document) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		panic("BUG: rendering an SPDX document: " + err.Error())
	}
	return b.Bytes()
}

func (p Part) element(n int) element {
	e := element{
		ID: id(n, p.Name), Name: p.Name, Version: p.Version, Download: none, Concluded: none, Declared: none,
		Copyright: none, Purpose: p.Purpose, Source: p.Source,
	}
	if p.SHA256 != "" {
		e.Checksums = []checksum{{"SHA256", p.SHA256}}
	}
	if p.PURL != "" {
		e.References = []reference{{"PACKAGE-MANAGER", "purl", p.PURL}}
	}
	return e
}

// id is unique by its number and readable by its name; it has letters, digits, dots
// and hyphens only.
func id(n int, name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, name)
	return fmt.Sprintf("SPDXRef-%d-%s", n+1, clean)
}
