// Package schema is what a profile may say, as a JSON Schema for editors. internal/profile/reference generates it.
package schema

import _ "embed"

// JSON is the schema, of draft 7.
//
//go:embed profile.json
var JSON []byte
