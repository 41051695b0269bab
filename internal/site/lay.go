package site

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// lay returns a machine of its own with what f gives.
func (r *reader) lay(f file) *spec.Machine {
	out := *r.machine
	if f.Hostname != nil {
		out.Hostname = *f.Hostname
	}
	out.Ethernet = overlay(r, "ethernet", out.Ethernet, f.Ethernet, func(row *spec.Ethernet) *spec.Addressing { return &row.Addressing })
	out.Bond = overlay(r, "bond", out.Bond, f.Bond, func(row *spec.Bond) *spec.Addressing { return &row.Addressing })
	out.Bridge = overlay(r, "bridge", out.Bridge, f.Bridge, func(row *spec.Bridge) *spec.Addressing { return &row.Addressing })
	out.Dummy = overlay(r, "dummy", out.Dummy, f.Dummy, func(row *spec.Dummy) *spec.Addressing { return &row.Addressing })
	out.VLAN = r.vlans(f.VLAN)
	out.User = r.users(f.User)
	if f.Time.Servers != nil {
		out.Time.Servers = f.Time.Servers
	}
	if f.Log.Remote != nil {
		out.Log.Remote = *f.Log.Remote
	}
	return &out
}

// overlay lays rows over those of the machine, of which each must be one.
func overlay[R any](r *reader, table string, rows map[string]R, given map[string]link, addressing func(*R) *spec.Addressing) map[string]R {
	rows = maps.Clone(rows)
	for name, l := range given {
		row, ok := rows[name]
		if !ok {
			noRow(r, table, name, rows)
			continue
		}
		a := addressing(&row)
		*a = l.over(*a)
		rows[name] = row
	}
	return rows
}

func noRow[R any](r *reader, table, name string, rows map[string]R) {
	known := slices.Sorted(maps.Keys(rows))
	accepted := "none of that kind"
	if len(known) > 0 {
		accepted = strings.Join(known, ", ")
	}
	r.bad(problem.JoinKey(table, name), "there is no such row in the image%s; accepted: %s", suggest.DidYouMean(name, known), accepted)
}

// vlans changes VLANs and adds those that the machine does not have.
func (r *reader) vlans(given map[string]vlan) map[string]spec.VLAN {
	rows := maps.Clone(r.machine.VLAN)
	for name, v := range given {
		row, known := rows[name]
		switch {
		case known:
		case !r.machine.Allows(spec.SiteVLANs):
			noRow(r, "vlan", name, rows)
			continue
		case v.Parent == nil || v.ID == nil:
			r.bad(problem.JoinKey("vlan", name), "is not in the image, and a new VLAN needs parent and id")
			continue
		default:
			strict.Fill(&row)
		}
		if v.Parent != nil {
			row.Parent = *v.Parent
		}
		if v.ID != nil {
			row.ID = *v.ID
		}
		row.Addressing = v.over(row.Addressing)
		if rows == nil {
			rows = map[string]spec.VLAN{}
		}
		rows[name] = row
	}
	return rows
}

func (r *reader) users(given map[string]user) map[string]spec.User {
	rows := maps.Clone(r.machine.User)
	for name, u := range given {
		row, known := rows[name]
		if !known && name != "root" { // root is always there
			noRow(r, "user", name, rows)
			continue
		}
		if u.PasswordHash != nil {
			row.PasswordHash = *u.PasswordHash
		}
		if u.AuthorizedKeys != nil {
			row.AuthorizedKeys = u.AuthorizedKeys
		}
		if rows == nil {
			rows = map[string]spec.User{}
		}
		rows[name] = row
	}
	return rows
}
