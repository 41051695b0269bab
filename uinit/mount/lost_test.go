package mount

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A device that goes while it is worked on, or that an array takes then, is waited for again: what failed was no fault of it. What fails
// on a device that stays what it was fails for good. The nodes stand for no drivers, so that the kernel refuses them in the end.
func TestRunWaitsAgain(t *testing.T) {
	dir := ownDev(t)
	if dir == "" {
		return
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	const first, second = 4001, 4002
	plug := func(minor int) error {
		return unix.Mknod("/dev/vda1", unix.S_IFBLK|0o600, int(unix.Mkdev(240, uint32(minor))))
	}
	pull := func() error { return os.Remove("/dev/vda1") }
	for name, tt := range map[string]struct {
		source string
		fails  func(sys fstest.MapFS) error // happens while it is mounted, which fails then
		then   func(sys fstest.MapFS) error // happens while it is waited for again; nil: it is not
		member bool                         // it is one from the failure on
	}{
		"pulled and put back":         {source: "PARTLABEL=state", fails: func(fstest.MapFS) error { return pull() }, then: func(fstest.MapFS) error { return plug(first) }},
		"pulled, by its path":         {source: "/dev/vda1", fails: func(fstest.MapFS) error { return pull() }, then: func(fstest.MapFS) error { return plug(first) }},
		"its name is another's":       {source: "PARTLABEL=state", fails: func(fstest.MapFS) error { return errors.Join(pull(), plug(second)) }, then: func(fstest.MapFS) error { return nil }},
		"a node made anew":            {source: "/dev/vda1", fails: func(fstest.MapFS) error { return errors.Join(pull(), plug(first)) }, then: func(fstest.MapFS) error { return nil }},
		"another medium":              {source: "/dev/vda1", fails: func(sys fstest.MapFS) error { sys["devices/vda/diskseq"] = file("2"); return nil }, then: func(fstest.MapFS) error { return nil }},
		"it joins an array":           {source: "PARTLABEL=state", fails: func(sys fstest.MapFS) error { sys["devices/vda/vda1/holders/md_data/x"] = file(""); return nil }, then: func(sys fstest.MapFS) error { delete(sys, "devices/vda/vda1/holders/md_data/x"); return nil }},
		"its disk joins an array":     {source: "PARTLABEL=state", fails: func(sys fstest.MapFS) error { sys["devices/vda/holders/md_data/x"] = file(""); return nil }, then: func(sys fstest.MapFS) error { delete(sys, "devices/vda/holders/md_data/x"); return nil }},
		"a member after all":          {source: "PARTLABEL=state", fails: func(fstest.MapFS) error { return nil }, member: true, then: func(fstest.MapFS) error { return nil }},
		"by its path, in an array":    {source: "/dev/vda1", fails: func(sys fstest.MapFS) error { sys["devices/vda/holders/md_data/x"] = file(""); return nil }},
		"there all the time":          {source: "PARTLABEL=state", fails: func(fstest.MapFS) error { return nil }},
		"there all the time, by path": {source: "/dev/vda1", fails: func(fstest.MapFS) error { return nil }},
	} {
		sys := fstest.MapFS{
			"class/block/vda": {Mode: fs.ModeSymlink, Data: []byte("../../devices/vda")}, "class/block/vda1": {Mode: fs.ModeSymlink, Data: []byte("../../devices/vda/vda1")},
			"devices/vda/size": file("8"), "devices/vda/bdi": {Mode: fs.ModeDir}, "devices/vda/holders": {Mode: fs.ModeDir}, "devices/vda/diskseq": file("1"),
			"devices/vda/vda1/size": file("8"), "devices/vda/vda1/partition": file("1"), "devices/vda/vda1/holders": {Mode: fs.ModeDir}, "devices/vda/vda1/uevent": file("PARTNAME=state"),
			"dev/block/240:4001": {Mode: fs.ModeSymlink, Data: []byte("../../devices/vda/vda1")}, "dev/block/240:4002": {Mode: fs.ModeSymlink, Data: []byte("../../devices/vda/vda1")},
		}
		_ = pull()
		if err := plug(first); err != nil {
			t.Fatal(err)
		}
		no, waits, tries, member := errors.New("no"), []string(nil), 0, false
		var m *Mount
		m = mounter(dir, name, spec.Mount{Source: tt.source, Type: "xfs"}, Deps{
			Sys: sys,
			Alone: func(string) error {
				if member {
					return no
				}
				return nil
			},
			LoadModule: func(string) error { // comes just before mount(2)
				if tries++; tries > 1 {
					return nil
				}
				member = tt.member
				return tt.fails(sys)
			},
			Wait: func(_ context.Context, ready func() (bool, error)) error {
				if waits = append(waits, m.Waiting()); len(waits) > 1 {
					if tt.then == nil {
						return errors.New("it is waited for again")
					}
					member = false
					if err := tt.then(sys); err != nil {
						return err
					}
				}
				if ok, err := ready(); !ok || err != nil {
					return errors.Join(errors.New("nothing is found"), err)
				}
				return nil
			},
		})
		err := m.Run(t.Context())
		again := tt.then != nil
		if (tries == 2) != again || len(waits) != tries || err == nil || !strings.HasPrefix(err.Error(), "mounting xfs on ") {
			t.Errorf("%s: tried %d times, waited %q: %v", name, tries, waits, err)
		}
		if again && !slices.ContainsFunc(waits, func(s string) bool { return strings.Contains(s, "/dev/vda1 went, or was taken") }) {
			t.Errorf("%s: it waits for %q", name, waits)
		}
	}
}
