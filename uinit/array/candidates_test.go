package array

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// Who wants a member replaced and says no more is shown the members, and the disks that may be one.
func TestCandidates(t *testing.T) {
	l := &loose{sys: fstest.MapFS{}}
	for _, name := range []string{"sda", "sdb", "sdc", "sr0"} {
		l.plug(name, "1")
	}
	for file, text := range map[string]string{
		"array_state": "clean", "raid_disks": "2", "sync_action": "idle", "dev-sda/state": "in_sync", "dev-sda/slot": "0", "dev-sda/block/x": "",
	} {
		l.set("md127/md/"+file, text)
	}
	d := featuretest.Deps(t, spec.Machine{Hostname: "box", Array: map[string]spec.Array{"data": {Level: "raid1"}}})
	blank := "sdc"
	a := newArrays(d, system{sys: l.sys, free: func(_ context.Context, disks ...md.Member) error {
		if disks[0].Device == "sr0" {
			t.Error("a CD drive is looked at")
		}
		if disks[0].Device == blank {
			return nil
		}
		return errors.New("not blank")
	}})
	a.device["data"] = "md127"
	ask := func(words ...string) (said []string, err error) {
		err = a.answer(t.Context(), words, func(e report.Event) error { said = append(said, e.Message); return nil })
		return said, err
	}
	members := []string{"members of data:", "  slot 0: sda: in_sync", "  slot 1: empty", "blank disks:"}
	for _, words := range [][]string{{"replace", "data"}, {"replace", "data", "sdb"}} {
		if said, err := ask(words...); err == nil || !slices.Equal(said, append(slices.Clone(members), "  sdc (8 MiB)")) {
			t.Errorf("%q: %q, %v", words, said, err)
		}
	}
	blank = ""
	if said, err := ask("replace", "data"); err == nil || !slices.Equal(said[:4], members) || len(said) != 5 {
		t.Errorf("without one: %q, %v", said, err)
	}
}
