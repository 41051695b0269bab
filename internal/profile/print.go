package profile

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/BurntSushi/toml"

	"github.com/imgbuild/imgbuild/internal/defaults"
)

// TOML renders the merged profile with all defaults, tables sorted by name; secrets are not shown.
func (p *Profile) TOML() string {
	var out bytes.Buffer
	e := toml.NewEncoder(&out)
	e.Indent = ""
	if err := e.Encode(p.Shown()); err != nil {
		panic(fmt.Sprintf("BUG: rendering a profile: %v", err))
	}
	return out.String()
}

// tree is the profile as tables, secrets and all.
func (p *Profile) tree() map[string]any {
	text, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("BUG: rendering a profile: %v", err))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		panic(fmt.Sprintf("BUG: rendering a profile: %v", err))
	}
	return plain(tree).(map[string]any)
}

// plain turns JSON's numbers into TOML's whole numbers and fractions.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

func fillProfile(p *Profile) { defaults.Fill(p) }
