package deb

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// stanza is a paragraph of a control file: field names in lower case.
type stanza map[string]string

// parseControl reads paragraphs as apt-cache show prints them (deb822(5)). A line
// that starts with a blank goes on with the field above it.
func parseControl(text []byte) ([]stanza, error) {
	var all []stanza
	var now stanza
	var field string
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), " \t\r")
		switch {
		case line == "":
			now = nil
			continue
		case line[0] == ' ' || line[0] == '\t':
			if now == nil {
				return nil, fmt.Errorf("reading control line %d: %.60q goes on with no field", n, line)
			}
			now[field] += "\n" + line[1:]
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("reading control line %d: no field in %.60q", n, line)
		}
		if now == nil {
			now = stanza{}
			all = append(all, now)
		}
		field = strings.ToLower(name)
		now[field] = strings.TrimSpace(value)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading control lines: %w", err)
	}
	return all, nil
}

// pkg is the package that a stanza of apt's lists describes.
func (s stanza) pkg() (Package, error) {
	p := Package{Name: s["package"], Version: s["version"], Arch: s["architecture"], SHA256: s["sha256"]}
	size, err := strconv.ParseInt(s["size"], 10, 64)
	if err != nil || p.Name == "" || p.Version == "" || p.Arch == "" || !isSHA256(p.SHA256) {
		return Package{}, fmt.Errorf("reading apt's record of %q: its version, architecture, size or SHA-256 is missing", p.Name)
	}
	p.Size = size
	p.File = fileName(p)
	return p, nil
}

// dependsOn returns the first package of the Depends field whose name starts with prefix.
func (s stanza) dependsOn(prefix string) (name string, ok bool) {
	for _, alternatives := range strings.Split(s["depends"], ",") {
		first, _, _ := strings.Cut(alternatives, "|")
		name, _, _ := strings.Cut(strings.TrimSpace(first), " ")
		name, _, _ = strings.Cut(name, ":")
		if strings.HasPrefix(name, prefix) {
			return name, true
		}
	}
	return "", false
}

// escaped are the characters that apt replaces in the names of stored files.
var escaped = strings.NewReplacer("%", "%25", "_", "%5f", ":", "%3a")

// fileName is the name under which apt stores a package.
func fileName(p Package) string {
	return escaped.Replace(p.Name) + "_" + escaped.Replace(p.Version) + "_" + p.Arch + ".deb"
}

// parseURIs reads what apt-get --print-uris prints, one package a line:
//
//	'http://…/zlib1g_1.2.13_amd64.deb' zlib1g_1%3a1.2.13_amd64.deb 86684 SHA256:d7dd…
//
// Where a package comes from is left out: it is the host's business, not the lock's.
func parseURIs(text []byte) ([]Package, error) {
	var pkgs []Package
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "'") {
			continue // a message
		}
		p, err := parseURI(line)
		if err != nil {
			return nil, fmt.Errorf("reading apt's line %.200q: %w", line, err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

func parseURI(line string) (Package, error) {
	_, rest, ok := strings.Cut(line[1:], "' ")
	fields := strings.Fields(rest)
	if !ok || len(fields) != 3 {
		return Package{}, fmt.Errorf("want 'URI' file size SHA256:hash")
	}
	p := Package{File: fields[0]}
	parts := strings.Split(strings.TrimSuffix(p.File, ".deb"), "_")
	if len(parts) != 3 || path.Base(p.File) != p.File {
		return Package{}, fmt.Errorf("the file is not named NAME_VERSION_ARCH.deb")
	}
	for i, field := range []*string{&p.Name, &p.Version, &p.Arch} {
		text, err := url.PathUnescape(parts[i])
		if err != nil || text == "" {
			return Package{}, fmt.Errorf("the file is not named NAME_VERSION_ARCH.deb")
		}
		*field = text
	}
	size, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || size < 0 || size == math.MaxInt64 {
		return Package{}, fmt.Errorf("bad size %q", fields[1])
	}
	p.Size = size
	if p.SHA256, ok = strings.CutPrefix(fields[2], "SHA256:"); !ok || !isSHA256(p.SHA256) {
		return Package{}, fmt.Errorf("want a SHA-256, found %q", fields[2])
	}
	return p, nil
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
