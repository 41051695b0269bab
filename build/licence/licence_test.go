package licence

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/github/go-spdx/v2/spdxexp"

	"github.com/imgbuild/imgbuild"
)

const head = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"

// isc is a text of which the name says nothing.
const isc = ` Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided
 that the above copyright notice and this permission notice appear in all copies.
 .
 THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES
 OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR
 ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS
 ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

// What a License field says, and what SPDX calls it; # stands for the hash of a text.
func TestNames(t *testing.T) {
	for field, want := range map[string]string{
		"GPL-2":                        "GPL-2.0-only",
		"GPL-2+":                       "GPL-2.0-or-later",
		"GPLv3+":                       "GPL-3.0-or-later",
		"GPL-3.0-or-later":             "GPL-3.0-or-later",
		"GPL":                          "GPL-1.0-or-later",
		"LGPL":                         "LGPL-2.0-or-later",
		"LGPL-2.1":                     "LGPL-2.1-only",
		"AGPL-3+":                      "AGPL-3.0-or-later",
		"GFDL-NIV-1.3+":                "GFDL-1.3-no-invariants-or-later",
		"Expat":                        "MIT",
		"expat":                        "MIT",
		"BSD-3-clause":                 "BSD-3-Clause",
		"Apache-2":                     "Apache-2.0",
		"Artistic or GPL-1+":           "(Artistic-1.0-Perl OR GPL-1.0-or-later)",
		"Perl":                         "(Artistic-1.0-Perl OR GPL-1.0-or-later)",
		"GPL-2+ and Expat":             "GPL-2.0-or-later AND MIT",
		"GPL-2+ OR Expat":              "(GPL-2.0-or-later OR MIT)",
		"GPL-2 or GPL-2":               "GPL-2.0-only",
		"ISC or GPL-2 and Expat":       "(GPL-2.0-only AND MIT OR ISC)",
		"GPL-2+ or AFL-2.1, and Expat": "(AFL-2.1 OR GPL-2.0-or-later) AND MIT",
		"GPL-2, or Expat and ISC":      "(GPL-2.0-only OR ISC AND MIT)",
		"GPL-2 with Linux-syscall-note exception": "GPL-2.0-only WITH Linux-syscall-note",
		"GPL-2+ with Autoconf exception":          "GPL-2.0-or-later WITH Autoconf-exception-generic",
		"GPL-3+ with autoconf exception":          "GPL-3.0-or-later WITH Autoconf-exception-generic-3.0",
		"GPL-3+ with Bison exception":             "GPL-3.0-or-later WITH Bison-exception-2.2",
		"GPL-2+ with Libtool exception":           "GPL-2.0-or-later WITH Libtool-exception",
		"Apache-2.0 with LLVM exception":          "Apache-2.0 WITH LLVM-exception",
		"GPL-2+ with OpenSSL exception":           "LicenseRef-GPL-2-with-OpenSSL-exception-#",
		"public-domain":                           "LicenseRef-public-domain-#",
		"somebody's\n" + isc:                      "ISC",
		"GPL-2\n Or so it says.":                  "GPL-2.0-only",
		"own\n As you like.":                      "LicenseRef-own-#",
		"\n As you like.":                         "LicenseRef-copyright-#",
	} {
		n := Debian("x", []byte(head+"Files: *\nCopyright: 2001 Ada\nLicense: "+strings.TrimPrefix(field, " ")+"\n"))
		got := n.Licence
		for _, text := range n.Texts {
			got = strings.Replace(got, text.ID[len(text.ID)-8:], "#", 1)
		}
		if got != want {
			t.Errorf("%q is %s, want %s", field, n.Licence, want)
		}
		if ok, bad := spdxexp.ValidateLicenses([]string{n.Licence}); !ok {
			t.Errorf("%q: %s is no expression", field, bad)
		}
	}
}

func TestDebian(t *testing.T) {
	text := head + "Files: *\nCopyright: 2001 Ada\n  2002  Eve\nLicense: GPL-2+\n\nFiles: a b\n# a comment\nCopyright: 2002 Eve\nLicense: own and Expat\n\n" +
		"License: own\n As you like,\n .\n and as we do.\n\nLicense: GPL-2+\n On Debian systems see /usr/share/common-licenses/GPL-2.\n"
	n := Debian("x", []byte(text))
	want := "GPL-2.0-or-later AND " + n.Texts[0].ID + " AND MIT; [{" + n.Texts[0].ID + " own As you like,\n\nand as we do.}]; 2001 Ada\n2002 Eve"
	if got := fmt.Sprintf("%s; %v; %s", n.Licence, n.Texts, n.Copyright); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if string(n.Files[0].Body) != text {
		t.Error("the file is not as it was")
	}
	// The words decide about the name, nothing else does.
	if again := Debian("y", []byte(text)); again.Texts[0].ID != n.Texts[0].ID {
		t.Errorf("%s is also called %s", n.Texts[0].ID, again.Texts[0].ID)
	}
	if other := Debian("x", []byte(strings.Replace(text, "As you", "As they", 1))); other.Texts[0].ID == n.Texts[0].ID {
		t.Errorf("two texts are called %s", n.Texts[0].ID)
	}
}

// What is in no format, and what breaks its own, is one license as it stands.
func TestNotMachineReadable(t *testing.T) {
	for name, text := range map[string]string{
		"free":                "This package was put together by Ada.\n\nCopyright (C) 1999 Ada Byron\n\nYou may copy it; the copyright notice stays.\n",
		"a field first":       "Upstream-Name: x\nCopyright: (c) 1999 Ada Byron\nLicense: GPL-2\n",
		"files of no license": head + "Files: *\nCopyright 1999 Ada Byron\n",
		"no files":            head + "License: GPL-2\n Copyright 1999 Ada Byron\n",
	} {
		n := Debian("x", []byte(text))
		if len(n.Texts) != 1 || n.Texts[0].Text != text || n.Licence != n.Texts[0].ID || !strings.HasPrefix(n.Licence, "LicenseRef-x-") {
			t.Errorf("%s: %s, %v", name, n.Licence, n.Texts)
		}
		if !strings.HasSuffix(n.Copyright, "1999 Ada Byron") || strings.Contains(n.Copyright, "notice") {
			t.Errorf("%s: copyright %q", name, n.Copyright)
		}
	}
}

func TestModule(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	n, err := Module("m@v1", fstest.MapFS{
		"LICENSE": file(string(imgbuild.License)), "NOTICE": file("made by Ada"), "a/license.txt": file("Copyright 2001 Eve\n" + strings.ReplaceAll(isc, " .\n", "\n")),
		"a/license.go": file("package a"), "testdata/LICENSE": file("GPL"), "_x/COPYING": file("GPL"), "b/COPYING": file("Only on Sundays."), "main.go": file("package m"),
	})
	var files []string
	for _, f := range n.Files {
		files = append(files, f.Name)
	}
	got := fmt.Sprintf("%v; %s; %v; %q; %v", err, n.Licence, files, n.Copyright, n.Texts)
	id := n.Texts[0].ID
	want := "<nil>; BSD-3-Clause AND ISC AND " + id + "; [LICENSE NOTICE a/license.txt b/COPYING]; " +
		`"Copyright (c) 2026 The imgbuild authors. All rights reserved.\nCopyright 2001 Eve"; [{` + id + " m@v1 Only on Sundays.}]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n, err := Module("m", fstest.MapFS{}); n.Licence != None || err != nil {
		t.Errorf("no file at all: %s, %v", n.Licence, err)
	}
}

func TestJoin(t *testing.T) {
	for want, parts := range map[string][]string{
		"A AND B":              {"B", "A AND B", None},
		"(A OR B) AND C":       {"C AND (A OR B)", "(A OR B)"},
		"(A AND B OR C) AND A": {"(A AND B OR C) AND A"},
		None:                   {None, None},
		"":                     {"A", ""},
	} {
		if got := Join(parts...); got != want {
			t.Errorf("%q is %q, want %q", parts, got, want)
		}
	}
}

// Whatever a package's copyright file says, what is made of it is an expression of SPDX, with the text of every licence that SPDX does
// not know.
func FuzzDebian(f *testing.F) {
	sound := func(t testing.TB, text []byte) {
		n := Debian("x", text)
		if ok, bad := spdxexp.ValidateLicenses([]string{n.Licence}); !ok && n.Licence != None {
			t.Errorf("%q is no expression", bad)
		}
		for _, x := range n.Texts {
			if !strings.Contains(n.Licence, x.ID) {
				t.Errorf("%s is not in %s", x.ID, n.Licence)
			}
		}
		if strings.Count(n.Licence, "LicenseRef-") < len(n.Texts) {
			t.Errorf("%s has no text", n.Licence)
		}
	}
	seeds := []string{"Copyright (C) 1999 Ada Byron\n"}
	for _, field := range []string{"GPL-2+ or AFL-2.1, and Expat", "GPL-2 with Linux-syscall-note exception", "own\n As you like.", "\n As you like.", "-", "a, or"} {
		seeds = append(seeds, head+"Files: *\nCopyright: 2001 Ada\nLicense: "+field+"\n\nLicense: own\n"+isc)
	}
	for _, text := range seeds {
		sound(f, []byte(text)) // the first one makes tables, which takes longer than the fuzzer waits
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, text) })
}
