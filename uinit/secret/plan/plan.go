// Package plan says which secrets a machine finds at boot. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "secret", Tag: "nosecret", Used: used, Units: Units, Check: check, Modules: modules}

// Kinds of secrets that this feature finds; others find theirs themselves.
const (
	Password = "password_hash"
	NT       = "nt_hash"
	HostKey  = "host_key_file"
)

// Wanted is a secret that is found at boot, of an account or of the SSH server.
type Wanted struct {
	User, Kind string
	Source     spec.Source
}

// Key is the profile's.
func (w Wanted) Key() string {
	if w.Kind == HostKey {
		return "ssh." + HostKey
	}
	return problem.JoinKey("user", w.User) + "." + w.Kind
}

// Unit is the name of the unit that finds it.
func (w Wanted) Unit() string { return "secret:" + w.Key() }

// All are a machine's, accounts in the order of their names.
func All(m *spec.Machine) (all []Wanted) {
	for _, name := range graph.Names(m.User) {
		u := m.User[name]
		for _, w := range []Wanted{{name, Password, u.PasswordHash.Source}, {name, NT, u.NTHash.Source}} {
			if w.Source != (spec.Source{}) {
				all = append(all, w)
			}
		}
	}
	if m.SSH != nil && m.SSH.HostKeyFile != (spec.Source{}) {
		all = append(all, Wanted{Kind: HostKey, Source: m.SSH.HostKeyFile})
	}
	return all
}

func used(d *spec.Description) bool { return len(All(&d.Machine)) > 0 }

// Units find one secret each. Nothing waits for them, no prompt above all: an account is locked until its hash has come.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, w := range All(&d.Machine) {
		needs := append([]string{"mounts"}, graph.Above(&d.Machine, w.Source.File)...)
		units = append(units, graph.Unit{Unit: unit.Unit{Name: w.Unit(), Needs: needs, After: []string{"users"}}, Reads: []spec.SiteKey{spec.SitePasswordHash}})
	}
	return units
}

// place is a key that names a source.
type place struct {
	key    string
	source spec.Source
	unmade string // why the box cannot make it by itself; "" where it can
}

// shared is why most cannot be made.
const shared = "is for keys that the box alone has to know, and this secret somebody else has to know, too; accepted: file or fw_cfg"

// places are all keys of a machine that do; other features find theirs themselves.
func places(m *spec.Machine) (all []place) {
	add := func(key string, s spec.Source, unmade string) {
		if s != (spec.Source{}) {
			all = append(all, place{key, s, unmade})
		}
	}
	for _, w := range All(m) {
		unmade := shared
		if w.Kind == HostKey {
			unmade = "is what the box does anyhow, in the folder ssh.state; accepted: leave host_key_file out"
		}
		add(w.Key(), w.Source, unmade)
	}
	for _, name := range graph.Names(m.WireGuard) {
		w, key := m.WireGuard[name], problem.JoinKey("wireguard", name)
		add(key+".private_key_file", w.PrivateKeyFile, "")
		for _, peer := range graph.Names(w.Peer) {
			add(problem.JoinKey(key+".peer", peer)+".preshared_key_file", w.Peer[peer].PresharedKeyFile, shared)
		}
	}
	for _, name := range graph.Names(m.Share.ISCSI) {
		s, key := m.Share.ISCSI[name], problem.JoinKey("share.iscsi", name)
		add(key+".password_file", s.PasswordFile, shared)
		add(key+".mutual_password_file", s.MutualPasswordFile, shared)
	}
	return all
}

// modules are what the kernel needs for secrets that a host hands over.
func modules(m *spec.Machine) (wants []spec.Want) {
	for _, p := range places(m) {
		if p.source.FWCfg != "" {
			wants = append(wants, spec.Want{Module: "qemu_fw_cfg", Why: p.key, Optional: true})
		}
	}
	return wants
}
