package licence

import (
	"regexp"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
	"github.com/google/licensecheck"
)

// gnu are the GNU licences as Debian and others write them: GPL-2+, LGPL-2.1, GPL-3.0-or-later, GFDL-NIV-1.3+, GPLv2.
var gnu = regexp.MustCompile(`^(agpl|lgpl|gpl|gfdl|gfdl-niv)(?:-?v?(\d(?:\.\d)?))?(\+|-or-later|-only)?$`)

// debian are short names of Debian's format (DEP-5, section 7.1) that SPDX writes otherwise.
var debian = map[string]string{
	"apache-2":     "Apache-2.0",
	"artistic":     "Artistic-1.0-Perl", // /usr/share/common-licenses/Artistic is Perl's
	"artistic-2":   "Artistic-2.0",
	"cc0":          "CC0-1.0",
	"expat":        "MIT",
	"mpl-1":        "MPL-1.0",
	"mpl-2":        "MPL-2.0",
	"openldap-2.8": "OLDAP-2.8",
	"perl":         "(Artistic-1.0-Perl OR GPL-1.0-or-later)",
	"zope-2.1":     "ZPL-2.1",
}

// exceptions are those that Debian's files name otherwise than SPDX, apart from the word exception.
var exceptions = map[string]string{
	"autoconf": "Autoconf-exception-generic", "autoconf/3": "Autoconf-exception-generic-3.0", "bison": "Bison-exception-2.2",
	"classpath": "Classpath-exception-2.0", "font": "Font-exception-2.0", "gcc": "GCC-exception-3.1",
	"linux-syscall-note": "Linux-syscall-note",
}

// standard returns what a short name of Debian's means by its form alone.
func standard(name string) (string, bool) {
	name = strings.ToLower(name)
	if id, ok := debian[name]; ok {
		return id, true
	}
	m := gnu.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	family, version, end := strings.ToUpper(m[1]), m[2], m[3]
	if version == "" { // of any version: from the first one on
		version, end = map[string]string{"AGPL": "1", "LGPL": "2", "GPL": "1"}[family], "+"
		if version == "" {
			version = "1.1"
		}
	}
	if !strings.Contains(version, ".") {
		version += ".0"
	}
	if end == "+" {
		end = "-or-later"
	}
	if end == "" {
		end = "-only"
	}
	if family == "GFDL-NIV" {
		family, version = "GFDL", version+"-no-invariants"
	}
	return current(family + "-" + version + end)
}

// current returns SPDX's spelling of a name that is on its list today.
func current(name string) (string, bool) {
	if ok, id := spdxlicenses.IsActiveLicense(name); ok {
		return id, true
	}
	return "", false
}

// with returns the expression of a licence with an exception of a name of Debian's.
func with(id, exception string) (string, bool) {
	name := strings.ToLower(strings.TrimSuffix(exception, " exception"))
	if found, ok := exceptions[name+"/3"]; ok && strings.HasPrefix(id, "GPL-3") {
		return id + " WITH " + found, true
	}
	if found, ok := exceptions[name]; ok {
		return id + " WITH " + found, true
	}
	if ok, found := spdxlicenses.IsException(name + "-exception"); ok {
		return id + " WITH " + found, true
	}
	return "", false
}

// enough is the share of a text, in percent, that known licences must make up for it to be theirs; pkg.go.dev asks for as much.
const enough = 75

// recognize returns the licences of which a text is made.
func recognize(text []byte) (ids []string, ok bool) {
	found := licensecheck.Scan(text)
	if found.Percent < enough {
		return nil, false
	}
	for _, m := range found.Match {
		if m.IsURL {
			continue
		}
		id, ok := current(m.ID)
		if !ok { // GPL-2.0, of which a text without a header does not say more
			if id, ok = standard(m.ID); !ok {
				return nil, false
			}
		}
		ids = append(ids, id)
	}
	return ids, len(ids) > 0
}
