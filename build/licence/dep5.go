package licence

import (
	"regexp"
	"slices"
	"strings"
)

// Debian reads a package's copyright file. Of one in the machine-readable format (DEP-5,
// https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/) it takes what each paragraph of files says, which all hold
// together; another is a licence by itself, as a whole. source is the name of the source package.
func Debian(source string, text []byte) Notice {
	c, ok := parse(string(text))
	var t terms
	var owners []string
	if !ok {
		t.add(t.addText(ref(source, string(text))))
		owners = claims(string(text))
	}
	for _, p := range c.files {
		t.add(c.expression(&t, p["license"])...)
		for line := range strings.Lines(p["copyright"]) {
			if line = strings.Join(strings.Fields(line), " "); line != "" && !slices.Contains(owners, line) {
				owners = append(owners, line)
			}
		}
	}
	n := t.notice()
	n.Copyright = strings.Join(owners, "\n")
	n.Files = []File{{Name: "copyright", Body: text}}
	return n
}

// copyrightFile is one in the machine-readable format.
type copyrightFile struct {
	whole string
	files []map[string]string // the paragraphs about files
	texts map[string]string   // those of licences, by their short names in lower case
}

// parse returns false for a file in no format, and for one that leaves a file without a licence.
func parse(text string) (c copyrightFile, ok bool) {
	c.whole, c.texts = text, map[string]string{}
	paragraphs := paragraphs(text)
	if len(paragraphs) == 0 || paragraphs[0]["format"] == "" && paragraphs[0]["format-specification"] == "" {
		return copyrightFile{}, false
	}
	for _, p := range paragraphs {
		name, body, _ := strings.Cut(p["license"], "\n")
		name = strings.TrimSpace(name)
		if body = strings.TrimSpace(body); body != "" && c.texts[strings.ToLower(name)] == "" {
			c.texts[strings.ToLower(name)] = body
		}
		if _, about := p["files"]; !about {
			continue
		}
		if strings.TrimSpace(p["license"]) == "" {
			return copyrightFile{}, false
		}
		c.files = append(c.files, p)
	}
	return c, len(c.files) > 0
}

// paragraphs reads deb822(5): fields by their names in lower case. What is neither field nor continuation is passed over.
func paragraphs(text string) (all []map[string]string) {
	var now map[string]string
	var field string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			now = nil
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if now != nil {
				if line = line[1:]; line == "." {
					line = ""
				}
				now[field] += "\n" + line
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			if now == nil {
				now = map[string]string{}
				all = append(all, now)
			}
			field = strings.ToLower(name)
			now[field] = strings.TrimSpace(value)
		}
	}
	return all
}

var (
	orWord    = regexp.MustCompile(`(?i)\s+or\s+`)
	andWord   = regexp.MustCompile(`(?i)\s+and\s+`)
	commaWord = regexp.MustCompile(`(?i)\s*,\s*(?:(or|and)\s+)?`)
	withWord  = regexp.MustCompile(`(?i)\s+with\s+`)
)

// expression reads the value of a License field: its first line names licences (section 7.2), its text follows, or has a paragraph
// of its own. What it returns holds together.
func (c copyrightFile) expression(t *terms, field string) []string {
	names, text, _ := strings.Cut(field, "\n")
	if names = strings.TrimSpace(names); names == "" {
		return []string{t.addText(ref("copyright", strings.TrimSpace(text)))}
	}
	// A comma binds less than the words.
	var either [][]string
	parts, words := commaWord.Split(names, -1), commaWord.FindAllStringSubmatch(names, -1)
	for i, part := range parts {
		all := c.alternatives(t, part)
		if i > 0 && strings.EqualFold(words[i-1][1], "or") {
			either = append(either, all)
		} else if i > 0 {
			either[len(either)-1] = append(either[len(either)-1], all...)
		} else {
			either = [][]string{all}
		}
	}
	return oneOf(either)
}

// alternatives reads names without a comma: "and" binds more than "or".
func (c copyrightFile) alternatives(t *terms, names string) []string {
	var either [][]string
	for _, choice := range orWord.Split(names, -1) {
		var all []string
		for _, name := range andWord.Split(choice, -1) {
			all = append(all, c.license(t, strings.TrimSpace(name))...)
		}
		either = append(either, all)
	}
	return oneOf(either)
}

// oneOf is what holds where one of several does, each of which is a list that holds together.
func oneOf(either [][]string) []string {
	if len(either) == 1 {
		return either[0]
	}
	var out []string
	for _, all := range either {
		slices.Sort(all)
		choice := All(slices.Compact(all))
		if !slices.Contains(out, choice) {
			out = append(out, choice)
		}
	}
	slices.Sort(out)
	if len(out) == 1 {
		return out
	}
	return []string{"(" + strings.Join(out, " OR ") + ")"}
}

// license is one name. What it means is said by the format, else by its text, where that is known; else by SPDX's list; and else it
// is a licence that only this file has.
func (c copyrightFile) license(t *terms, name string) []string {
	if id, ok := standard(name); ok {
		return []string{id}
	}
	if parts := withWord.Split(name, 2); len(parts) == 2 {
		if id, ok := standard(parts[0]); ok || isCurrent(parts[0], &id) {
			if e, ok := with(id, parts[1]); ok {
				return []string{e}
			}
		}
	}
	text := c.texts[strings.ToLower(name)]
	if ids, ok := recognize([]byte(text)); ok && !withWord.MatchString(name) {
		return ids
	}
	if id, ok := current(name); ok {
		return []string{id}
	}
	if text == "" {
		text = c.whole
	}
	return []string{t.addText(ref(name, text))}
}

func isCurrent(name string, id *string) (ok bool) {
	*id, ok = current(name)
	return ok
}
