// Package sbom writes what an image is made of as an SPDX 2.3 document in JSON
// (https://spdx.github.io/spdx-spec/v2.3/). It is a pure function of its input: the same
// parts give the same bytes.
package sbom

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/licence"
)

// Image is what the document is about.
type Image struct {
	// Name of the appliance, Summary for people.
	Name, Summary string
	// Version of the appliance; empty where it has none.
	Version string
	// Created is the document's time. A build gives the image's epoch, never the clock.
	Created time.Time
	// Licence, as an SPDX expression, is that of what the image has of its own, besides its parts; empty for NONE.
	Licence string
	// Parts in the order in which they are listed. Names and versions together are
	// unique.
	Parts []Part
}

// Role is how a part relates to the image.
type Role string

// Roles, as SPDX names relationships (clause 11).
const (
	// Contained: its bytes, or some of them, are in the image.
	Contained = Role(common.TypeRelationshipContains)
	// Tool: it helped to make the image, and nothing of it is there.
	Tool = Role(common.TypeRelationshipBuildToolOf)
)

// Purposes, as the JSON form spells them: clause 7.24, which is about another form, has a hyphen
// in the first, and the JSON schema (schemas/spdx-schema.json of the specification) an underscore.
const (
	OperatingSystem = "OPERATING_SYSTEM"
	Library         = "LIBRARY"
	Container       = "CONTAINER"
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
	// Licence is an SPDX expression, or NONE; empty where nobody could look.
	Licence string
	// Texts are those of every LicenseRef in it.
	Texts []licence.Text
	// Copyright are the lines of who has it; empty where none are known.
	Copyright string
}

const (
	documentID = "DOCUMENT"
	imageID    = "Image"
	// none is SPDX's word for what nobody asserts, which is not the same as nothing.
	none = "NOASSERTION"
)

// Write renders the document.
func Write(m Image) []byte {
	image := Part{Name: m.Name, Version: m.Version, Purpose: OperatingSystem, Licence: cmp.Or(m.Licence, licence.None)}.element(imageID)
	image.PackageSummary, image.PackageLicenseConcluded = m.Summary, said(m.whole())
	d := v2_3.Document{
		SPDXVersion: v2_3.Version, DataLicense: v2_3.DataLicense, SPDXIdentifier: documentID, DocumentName: m.Name,
		CreationInfo: &v2_3.CreationInfo{
			Created: m.Created.UTC().Format("2006-01-02T15:04:05Z"), Creators: []common.Creator{{CreatorType: "Tool", Creator: "imgbuild"}},
		},
		Packages:      []*v2_3.Package{image},
		Relationships: []*v2_3.Relationship{relate(documentID, Role(common.TypeRelationshipDescribe), imageID)},
	}
	for i, p := range m.Parts {
		id := id(i, p.Name)
		d.Packages = append(d.Packages, p.element(id))
		if p.Role == Tool {
			d.Relationships = append(d.Relationships, relate(id, Tool, imageID))
		} else {
			d.Relationships = append(d.Relationships, relate(imageID, Contained, id))
		}
	}
	d.OtherLicenses = others(m.Parts)
	// The namespace must differ wherever the content does (clause 6.5).
	d.DocumentNamespace = "https://github.com/imgbuild/imgbuild/sbom/" + layout.Derive(m.Name, string(render(d))).String()
	if m.Version != "" {
		d.DocumentNamespace += "/" + m.Version
	}
	return render(d)
}

// AnyVersion stands for a version that WithVersion puts in its place. No version can be called so.
const AnyVersion = "@version@"

// WithVersion is a document that was written for AnyVersion, for this one: the namespace and the image itself, its first package, have it.
func WithVersion(document []byte, version string) []byte {
	return bytes.Replace(document, []byte(AnyVersion), []byte(version), 2)
}

// whole is the licence of an image with all that is in it.
func (m Image) whole() string {
	all := []string{cmp.Or(m.Licence, licence.None)}
	for _, p := range m.Parts {
		if p.Role == Contained {
			all = append(all, p.Licence)
		}
	}
	return licence.Join(all...)
}

// others are the licences that SPDX's list does not have, each once, by their names.
func others(parts []Part) []*v2_3.OtherLicense {
	texts := map[string]licence.Text{}
	for _, p := range parts {
		for _, t := range p.Texts {
			texts[t.ID] = t
		}
	}
	var all []*v2_3.OtherLicense
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		all = append(all, &v2_3.OtherLicense{LicenseIdentifier: id, ExtractedText: texts[id].Text, LicenseName: texts[id].Name})
	}
	return all
}

// said is a value, or that nobody asserts one.
func said(value string) string { return cmp.Or(value, none) }

func render(d v2_3.Document) []byte {
	var b bytes.Buffer
	if err := json.Write(d, &b, json.EscapeHTML(false), json.Indent("  ")); err != nil {
		panic("BUG: rendering an SPDX document: " + err.Error())
	}
	return b.Bytes()
}

func relate(from string, how Role, to string) *v2_3.Relationship {
	return &v2_3.Relationship{RefA: common.MakeDocElementID("", from), Relationship: string(how), RefB: common.MakeDocElementID("", to)}
}

func (p Part) element(id string) *v2_3.Package {
	e := &v2_3.Package{
		PackageSPDXIdentifier: common.ElementID(id), PackageName: p.Name, PackageVersion: p.Version, PrimaryPackagePurpose: p.Purpose,
		PackageSourceInfo: p.Source, PackageDownloadLocation: none, PackageLicenseConcluded: said(p.Licence),
		PackageLicenseDeclared: said(p.Licence), PackageCopyrightText: said(p.Copyright),
	}
	if p.SHA256 != "" {
		e.PackageChecksums = []common.Checksum{{Algorithm: common.SHA256, Value: p.SHA256}}
	}
	if p.PURL != "" {
		e.PackageExternalReferences = []*v2_3.PackageExternalReference{
			{Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: p.PURL},
		}
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
	return fmt.Sprintf("%d-%s", n+1, clean)
}
