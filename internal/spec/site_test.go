package spec

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The tags of fields give what site.toml can have.
func TestSiteKeys(t *testing.T) {
	for _, k := range []SiteKey{SiteHostname, SitePasswordHash, SiteAuthorizedKeys, SiteAddresses, SiteVLANs, SiteWireGuard, SiteTimeServers, SiteLogServer} {
		if !slices.Contains(SiteKeys(), k) {
			t.Errorf("site.toml cannot change %s, only %v", k, SiteKeys())
		}
	}
	in := map[string]bool{}
	for _, f := range SiteFields(reflect.TypeFor[Machine]()) {
		in[f.Name] = true
	}
	for _, table := range []string{"Hostname", "User", "Ethernet", "Bond", "VLAN", "Bridge", "Dummy", "WireGuard", "Time", "Log"} {
		if !in[table] {
			t.Errorf("site.toml cannot have %s", table)
		}
	}
	for _, table := range []string{"Site", "Access", "Console"} {
		if in[table] {
			t.Errorf("site.toml can have %s", table)
		}
	}
	for _, k := range SiteKeys() {
		var read SiteKey
		if err := read.UnmarshalText([]byte(k)); err != nil || read != k {
			t.Errorf("%s: %v", k, err)
		}
	}
}

// Where site.toml can add a row, it can give all that a row needs.
func TestNewRowsCanBeWhole(t *testing.T) {
	for _, table := range SiteFields(reflect.TypeFor[Machine]()) {
		if table.Type.Kind() != reflect.Map || table.Tag.Get("site") == "" {
			continue
		}
		fields := SiteFields(SiteTable(table))
		for _, f := range reflect.VisibleFields(SiteTable(table)) {
			word, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if word != "" && word != "-" && options == "" && !slices.ContainsFunc(fields, func(g reflect.StructField) bool { return g.Name == f.Name }) {
				t.Errorf("a row of %s needs %s, which site.toml cannot give", table.Name, f.Name)
			}
		}
	}
}
