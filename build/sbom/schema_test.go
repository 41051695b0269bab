package sbom

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
)

// The schema of those who keep the format finds what we write valid; it shares no code with the library that writes it.
func TestValidByTheSchema(t *testing.T) {
	good := string(Write(sample))
	if err := sbomtest.Valid([]byte(good)); err != nil {
		t.Error(err)
	}
	// It must be able to refuse.
	for from, to := range map[string]string{
		`"OPERATING_SYSTEM"`:  `"OPERATING-SYSTEM"`,
		`"CONTAINS"`:          `"HOLDS"`,
		`"SHA256"`:            `"SHA-256"`,
		`"versionInfo"`:       `"version"`,
		`"documentNamespace"`: `"comment"`,
		`"extractedText"`:     `"text"`,
	} {
		bad := strings.Replace(good, from, to, 1)
		if bad == good {
			t.Errorf("there is no %s in\n%s", from, good)
		} else if sbomtest.Valid([]byte(bad)) == nil {
			t.Errorf("%s in place of %s is valid", to, from)
		}
	}
}

// What the parts say is said of them, and of the image all of it; the words of a license without a name are there once.
func TestLicences(t *testing.T) {
	d := sbomtest.Licensed(t, Write(sample))
	got := map[string]string{}
	for _, p := range d.Packages {
		got[p.PackageName] = p.PackageLicenseConcluded + "; " + p.PackageLicenseDeclared + "; " + p.PackageCopyrightText
	}
	for name, want := range map[string]string{
		"box":        "(GPL-1.0-or-later OR MIT) AND BSD-3-Clause AND GPL-2.0-only AND LicenseRef-own-1; NONE; NOASSERTION",
		"libstdc++6": "GPL-2.0-only AND LicenseRef-own-1; GPL-2.0-only AND LicenseRef-own-1; Copyright 1998 Ada\nCopyright 1999 Eve",
	} {
		if got[name] != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
	if len(d.OtherLicenses) != 1 || d.OtherLicenses[0].ExtractedText != "as you like" || d.OtherLicenses[0].LicenseName != "own" {
		t.Errorf("%d licenses without a name", len(d.OtherLicenses))
	}
	// One part that nobody looked at, and nobody knows the image's.
	unknown := sample
	unknown.Parts = append([]Part{{Name: "x", Role: Contained}}, sample.Parts...)
	if text := string(Write(unknown)); strings.Count(text, `"licenseConcluded": "NOASSERTION"`) != 2 {
		t.Errorf("%s", text)
	}
}
