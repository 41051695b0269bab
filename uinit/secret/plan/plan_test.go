package plan

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A secret waits for the file system that it lies on, by a unit of its own, and the module for what a host hands over is in the image.
func TestUnits(t *testing.T) {
	m := spec.Machine{
		Mount: map[string]spec.Mount{"/state": {}},
		User: map[string]spec.User{
			"ann": {PasswordHash: spec.SecretHash{Source: spec.Source{File: "/state/a/hash"}}, NTHash: spec.SecretNTHash{Source: spec.Source{FWCfg: "opt/a"}}},
			"bob": {PasswordHash: spec.SecretHash{Value: "$6$"}},
		},
		WireGuard: map[string]spec.WireGuard{"wg0": {PrivateKeyFile: spec.Source{FWCfg: "opt/wg"}}},
	}
	d := &spec.Description{Machine: m}
	units := Units(d)
	if len(units) != 2 || units[0].Name != "secret:user.ann.password_hash" || !slices.Equal(units[0].Needs, []string{"mounts", "mount:/state"}) ||
		units[1].Name != "secret:user.ann.nt_hash" || !slices.Equal(units[1].Needs, []string{"mounts"}) || !used(d) {
		t.Errorf("%+v", units)
	}
	var why []string
	for _, w := range modules(&m) {
		why = append(why, w.Why)
	}
	if !slices.Equal(why, []string{"user.ann.nt_hash", "wireguard.wg0.private_key_file"}) {
		t.Errorf("%q", why)
	}
}
