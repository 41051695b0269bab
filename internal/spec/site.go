package spec

import (
	"reflect"
	"slices"
)

// Site says what the owner of a box may change without a new image: by the file site.toml in the EFI
// system partition of the medium that the box starts from, which any laptop can edit. Nothing is
// read without this table.
type Site struct {
	// What site.toml may say in place of the profile, by the words in the table below: of interfaces and accounts that the
	// profile has, and of root.
	Allow []SiteKey `json:"allow" twice:"refused"`
	// How long the medium is waited for, from when drivers have been looked for. What site.toml may
	// change waits with it.
	Wait Duration `json:"wait,omitempty" default:"10s" accept:"1s to 2m"`
}

// SiteKey is one of the words in the table below.
type SiteKey string

// UnmarshalText accepts the keys that fields of the machine have.
func (k *SiteKey) UnmarshalText(b []byte) error {
	return Choice(k, b, "something that site.toml can change", SiteKeys()...)
}

// Allows says whether site.toml may change any of the keys.
func (m *Machine) Allows(any ...SiteKey) bool {
	return m.Site != nil && slices.ContainsFunc(m.Site.Allow, func(k SiteKey) bool { return slices.Contains(any, k) })
}

// SiteKeys are what site.toml can change, in the order of a machine's fields. These say so by their tags, and that is all it
// takes:
//
//	site:"hostname"  site.toml can give the field another value where site.allow has "hostname"; a table of rows: it can
//	                 add rows, which then may have every key below that has a tag
//	site:"-"         nothing below can be changed, though fields that other tables share have tags
//	always:"root"    the row of that name is there also where the profile does not say so
//	new:"needed"     a row that site.toml adds cannot do without it, though one of a profile can
//	example:"…"      TOML that the example of a site.toml shows where the profile has no value, or a secret
func SiteKeys() []SiteKey { return siteKeys(reflect.TypeFor[Machine]()) }

func siteKeys(t reflect.Type) (keys []SiteKey) {
	for _, f := range SiteFields(t) {
		for _, key := range append(siteKeys(SiteTable(f)), SiteKey(f.Tag.Get("site"))) {
			if key != "" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// SiteFields are the fields of a struct that site.toml can have, or some of whose fields it can; none of what is no struct.
func SiteFields(t reflect.Type) (fields []reflect.StructField) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("site"); f.IsExported() && !f.Anonymous && key != "-" && (key != "" || SiteFields(SiteTable(f)) != nil) {
			fields = append(fields, f)
		}
	}
	return fields
}

// SiteTable is the struct that a field has in it: itself, behind a pointer, or in each row; nil where it has none.
func SiteTable(f reflect.StructField) reflect.Type {
	t := f.Type
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// Hosts is the text of hosts(5) for a host of that name.
func Hosts(name Hostname) string {
	names := string(name)
	if short := name.Short(); short != names {
		names += " " + short
	}
	return "127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 " + names + "\n"
}
