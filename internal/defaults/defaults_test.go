package defaults

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// even takes even numbers of digits.
type even string

func (e *even) UnmarshalText(text []byte) error {
	if len(text)%2 != 0 || strings.Trim(string(text), "0123456789") != "" {
		return fmt.Errorf("%q has not an even number of digits; accepted: such as \"12\"", text)
	}
	*e = even(text)
	return nil
}

type filled struct {
	Word   string            `json:"word" default:"w"`
	Number int               `json:"number" default:"7"`
	On     bool              `json:"on" default:"true"`
	List   []string          `json:"list" default:"a  b"`
	Even   even              `json:"even" default:"12"`
	Maybe  *bool             `json:"maybe" default:"false"`
	None   string            `json:"none"`
	Inner  inner             `json:"inner"`
	Table  *inner            `json:"table"`
	Count  *int              `json:"count"`
	Rows   map[string]inner  `json:"rows"`
	Words  map[string]string `json:"words"`
	Parts  []inner           `json:"parts"`
	NoKey  string            `json:"-" default:"never"`
}

type inner struct {
	Size int `json:"size" default:"3"`
}

// What was left out gets its default; what was given keeps its value, and a table that is not there stays away.
func TestFill(t *testing.T) {
	no, yes, three := false, true, 3
	for name, c := range map[string]struct{ given, want filled }{
		"nothing": {filled{}, filled{Word: "w", Number: 7, On: true, List: []string{"a", "b"}, Even: "12", Maybe: &no, Inner: inner{3}}},
		"everything": {
			filled{Word: "x", Number: 1, On: true, List: []string{"c"}, Even: "34", Maybe: &yes, None: "n", Inner: inner{1}, Table: &inner{2}, Count: &three,
				Rows: map[string]inner{"a": {4}}, Words: map[string]string{"a": ""}, Parts: []inner{{5}}},
			filled{Word: "x", Number: 1, On: true, List: []string{"c"}, Even: "34", Maybe: &yes, None: "n", Inner: inner{1}, Table: &inner{2}, Count: &three,
				Rows: map[string]inner{"a": {4}}, Words: map[string]string{"a": ""}, Parts: []inner{{5}}}},
		"empty tables and rows": {
			filled{Table: &inner{}, Rows: map[string]inner{"a": {}, "b": {9}}, List: []string{}},
			filled{Word: "w", Number: 7, On: true, List: []string{}, Even: "12", Maybe: &no, Inner: inner{3}, Table: &inner{3}, Rows: map[string]inner{"a": {3}, "b": {9}}}},
	} {
		got := c.given
		for range 2 { // the second time changes nothing
			if Fill(&got); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %+v, want %+v", name, got, c.want)
			}
		}
	}
}

// A default that does not fit its key is a mistake in the schema, which shows at once.
func TestFillWithWrongDefaults(t *testing.T) {
	for want, into := range map[string]any{
		`BUG: default "x": strconv.Atoi: parsing "x": invalid syntax`: &struct {
			A int `json:"a" default:"x"`
		}{},
		`BUG: default "maybe": strconv.ParseBool: parsing "maybe": invalid syntax`: &struct {
			A bool `json:"a" default:"maybe"`
		}{},
		`BUG: default "1": "1" has not an even number of digits; accepted: such as "12"`: &struct {
			A even `json:"a" default:"1"`
		}{},
		`BUG: default "1.5": a default for kind float64`: &struct {
			A float64 `json:"a" default:"1.5"`
		}{},
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("%v, want %s", got, want)
				}
			}()
			Fill(into)
		}()
	}
}
