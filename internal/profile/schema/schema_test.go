package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// validate holds a profile's text to the schema, as an editor does.
func validate(t *testing.T, text string) error {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(JSON, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := toml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var instance any
	if err := json.Unmarshal(raw, &instance); err != nil {
		t.Fatal(err)
	}
	return resolved.Validate(instance)
}

func TestShippedProfilesFit(t *testing.T) {
	for _, name := range profile.Names(profiles.FS) {
		text, err := profiles.FS.ReadFile(name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// Merged, and with all defaults, there is every kind of value.
		p, _, err := profile.Load(name, profile.Find(profiles.FS))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, p.TOML()); err != nil {
			t.Errorf("%s, merged: %v", name, err)
		}
	}
}

// What is wrong by its place, kind or word is refused; what looks odd and may be is not.
func TestMistakes(t *testing.T) {
	for text, fits := range map[string]bool{
		"summary = 1":                                 false,
		"sumary = \"x\"":                              false,
		"[ethernet.lan]\ndhpc4 = true":                false,
		"[ethernet.lan]\ndhcp4 = \"yes\"":             false,
		"[ethernet.lan]\nmtu = 67":                    false,
		"[ethernet.lan]\nmtu = \"1500\"":              false,
		"[ethernet]\nlan = 3":                         false,
		"[ethernet]\nlan = true":                      false,
		"formats = [\"dsk\"]":                         false,
		"formats = \"disk\"":                          false,
		"[image]\ncompression = \"zip\"":              false,
		"[image]\noverlays = [1]":                     false,
		"[run]\nnics = 17":                            false,
		"[user.root]\npassword_hash = 1":              false,
		"[user.root.password_hash]\nfil = \"/x\"":     false,
		"[console.ttyS0]\nlogin = \"autologn\"":       false,
		"[sysctl]\na = [1]":                           false,
		"[check.a]\ncommand = \"ls\"":                 false,
		"ssh = true":                                  false,
		"ssh = \"yes\"":                               false,
		"[user.root]\npassword_hash = true":           false,
		"formats = [\"inheritd\"]":                    false,
		"[firewall.management]\ntcp = [\"inheritd\"]": false,

		"":                                    true,
		"[ethernet]\nlan = false":             true,
		"ssh = false\ncheck = false":          true,
		"[check]\na = false":                  true,
		"formats = [\"inherited\", \"disk\"]": true,
		"[image]\noverlays = [\"inherited\"]": true,
		"[ethernet.lan]\naddresses = [\"inherited\", \"192.0.2.1/24\"]": true,
		"[firewall.management]\ntcp = [\"inherited\", 22]":              true,
		"[user.root.password_hash]\nfile = \"/x\"":                      true,
		"[user.root]\npassword_hash = \"$6$x\"":                         true,
		"[sysctl]\na = 1\nb = \"1\"\nc = false":                         true,
		"[check.a]\nfact = \"x\"\nequals = 3":                           true,
		"[mount.\"/srv\"]\nnofail = true":                               true, // source is inherited
	} {
		if err := validate(t, text); (err == nil) != fits {
			t.Errorf("%q: %v, want it to fit: %v", text, err, fits)
		}
	}
}

// Every key says what it is for.
func TestEveryKeyIsDescribed(t *testing.T) {
	var tree any
	if err := json.Unmarshal(JSON, &tree); err != nil {
		t.Fatal(err)
	}
	keys := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		o, is := v.(map[string]any)
		if !is {
			return
		}
		if properties, is := o["properties"].(map[string]any); is {
			for name, p := range properties {
				about, _ := p.(map[string]any)["description"].(string)
				if keys++; strings.TrimSpace(about) == "" {
					t.Errorf("%s.%s is not described", at, name)
				}
			}
		}
		for name, inner := range o {
			walk(at+"."+name, inner)
		}
	}
	walk("", tree)
	if keys < 200 {
		t.Errorf("only %d keys", keys)
	}
}
