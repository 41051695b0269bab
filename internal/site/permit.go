package site

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// kinds are the tables of interfaces.
var kinds = []string{"ethernet", "bond", "vlan", "bridge", "dummy"}

// permit finds keys that the profile does not allow.
func (r *reader) permit(tree map[string]any) {
	if _, given := tree["hostname"]; given {
		r.need("hostname", spec.SiteHostname)
	}
	for _, kind := range kinds {
		r.rows(tree, kind, func(row, key string) spec.SiteKey {
			_, known := r.machine.VLAN[row]
			switch {
			case kind == "vlan" && (key == "parent" || key == "id" || !known):
				return spec.SiteVLANs // a new one has its addresses from nowhere else
			case slices.Contains([]string{"addresses", "gateways", "dns", "dhcp4", "dhcp6", "ra"}, key):
				return spec.SiteAddresses
			}
			return ""
		})
	}
	r.rows(tree, "user", func(_, key string) spec.SiteKey {
		return map[string]spec.SiteKey{"password_hash": spec.SitePasswordHash, "authorized_keys": spec.SiteAuthorizedKeys}[key]
	})
	for _, k := range []struct {
		table, key string
		need       spec.SiteKey
	}{{"time", "servers", spec.SiteTimeServers}, {"log", "remote", spec.SiteLogServer}} {
		if table, ok := tree[k.table].(map[string]any); ok && table[k.key] != nil {
			r.need(k.table+"."+k.key, k.need)
		}
	}
}

// rows asks for the permission that each key in each row of a table needs; none for keys that there
// are not.
func (r *reader) rows(tree map[string]any, table string, need func(row, key string) spec.SiteKey) {
	rows, _ := tree[table].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		row, _ := rows[name].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(row)) {
			if k := need(name, key); k != "" {
				r.need(problem.JoinKey(table, name)+"."+key, k)
			}
		}
	}
}

func (r *reader) need(key string, permission spec.SiteKey) {
	if r.machine.Allows(permission) {
		return
	}
	accepted := []string{"nothing"}
	if r.machine.Site != nil && len(r.machine.Site.Allow) > 0 {
		accepted = nil
		for _, k := range r.machine.Site.Allow {
			accepted = append(accepted, string(k))
		}
	}
	at, ok := r.at.Key[key]
	if !ok {
		at = r.at.At(key)
	}
	r.doubts.Add(key)
	r.problems = append(r.problems, problem.Problem{Pos: at, Key: key,
		Msg: "the image does not allow " + string(permission) + " to be changed; accepted: " + strings.Join(accepted, ", ")})
}
