package sbom

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// The schema of those who keep the format finds what we write valid; it shares no code with the library that writes it.
func TestValidByTheSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/spdx-schema-2.3.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	rules, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	judge := func(document string) error {
		var d any
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		return rules.Validate(d)
	}
	good := string(Write(sample))
	if err := judge(good); err != nil {
		t.Error(err)
	}
	// It must be able to refuse.
	for from, to := range map[string]string{
		`"OPERATING_SYSTEM"`:  `"OPERATING-SYSTEM"`,
		`"CONTAINS"`:          `"HOLDS"`,
		`"SHA256"`:            `"SHA-256"`,
		`"versionInfo"`:       `"version"`,
		`"documentNamespace"`: `"comment"`,
	} {
		bad := strings.Replace(good, from, to, 1)
		if bad == good {
			t.Errorf("there is no %s in\n%s", from, good)
		} else if judge(bad) == nil {
			t.Errorf("%s in place of %s is valid", to, from)
		}
	}
}
