// Package cmdline reads the kernel line. A parameter is NAME or NAME=VALUE; double
// quotes keep spaces together, and hyphens in names equal underscores, as in
// the kernel's own parser (lib/cmdline.c next_arg, kernel/params.c).
package cmdline

import (
	"os"
	"strings"
)

// Path is where the kernel shows the line it was started with.
const Path = "/proc/cmdline"

// Param is one word of the line.
type Param struct {
	Name, Value string
	// HasValue tells NAME= from NAME.
	HasValue bool
}

// Line is the words in their order. Those after "--", which are for init, are among them.
type Line []Param

// Read parses the running kernel's line. An unreadable one is empty: a boot must not
// end for want of a parameter.
func Read() Line {
	b, _ := os.ReadFile(Path)
	return Parse(string(b))
}

// Parse splits text into parameters. It accepts anything; an unclosed quote ends
// with the line.
func Parse(text string) Line {
	var line Line
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return line
		}
		word, rest := next(text)
		line, text = append(line, param(word)), rest
	}
}

// next cuts the first word, quotes included, from text.
func next(text string) (word, rest string) {
	quoted := false
	for i := range len(text) {
		switch text[i] {
		case '"':
			quoted = !quoted
		case ' ', '\t', '\r', '\n':
			if !quoted {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

func param(word string) Param {
	if strings.HasPrefix(word, `"`) { // "name=value" quoted as a whole
		word = strings.TrimSuffix(word[1:], `"`)
	}
	name, value, has := strings.Cut(word, "=")
	if strings.HasPrefix(value, `"`) {
		value = strings.TrimSuffix(value[1:], `"`)
	}
	return Param{name, value, has}
}

// Has says whether the parameter is on the line, with or without a value.
func (l Line) Has(name string) bool {
	_, ok := l.Get(name)
	return ok
}

// Get returns the last value given to the parameter; "" where it has none.
func (l Line) Get(name string) (value string, ok bool) {
	for _, p := range l {
		if same(p.Name, name) {
			value, ok = p.Value, true
		}
	}
	return value, ok
}

// Modules returns the parameters of loadable modules, by module: virtio_net.napi_tx=1
// is under virtio_net as "napi_tx=1", in the form finit_module(2) takes.
func (l Line) Modules() map[string][]string {
	modules := map[string][]string{}
	for _, p := range l {
		module, name, ok := strings.Cut(p.Name, ".")
		if !ok || module == "" || name == "" {
			continue
		}
		if p.HasValue {
			value := p.Value
			if strings.ContainsAny(value, " \t") {
				value = `"` + value + `"`
			}
			name += "=" + value
		}
		module = strings.ReplaceAll(module, "-", "_")
		modules[module] = append(modules[module], name)
	}
	return modules
}

func same(a, b string) bool {
	return strings.ReplaceAll(a, "-", "_") == strings.ReplaceAll(b, "-", "_")
}
