package rules

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// The machine of a trial is as complete as one that a profile describes, and has the rules' files and nothing else of the profile's.
func TestTrialMachineHasDefaults(t *testing.T) {
	p := &profile.Profile{Machine: spec.Machine{
		Hostname: "box", Firewall: &spec.Firewall{Rules: "/etc/own.nft", ReversePath: "loose"},
		Service: map[string]spec.Service{"a": {}},
	}}
	other := []byte("other")
	got, err := noServices(Image{Profile: p, Plan: &plan.Plan{Files: []tree.File{{Path: "etc/other", Body: other}, {Path: spec.Path[1:]}}}})
	if err != nil {
		t.Fatal(err)
	}
	var d spec.Description
	if err := json.Unmarshal(got.Files[1].Body, &d); err != nil || string(got.Files[0].Body) != "other" {
		t.Fatal(err, got.Files)
	}
	want := spec.Machine{Hostname: "box", Firewall: &spec.Firewall{Rules: "/etc/own.nft", ReversePath: "loose"}}
	defaults.Fill(&want)
	if !reflect.DeepEqual(d.Machine, want) || d.Boot.UnitTimeout == 0 || d.Log.Ring == 0 {
		t.Errorf("the machine is %+v, want %+v", d.Machine, want)
	}
}
