package array

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// loose is a machine whose disks go and come while something is done with them.
type loose struct {
	sys   fstest.MapFS
	made  bool // an array
	did   []string
	fails func(did string) error
}

func (l *loose) set(file, text string) {
	l.sys["class/block/"+file] = &fstest.MapFile{Data: []byte(text)}
}

// plug has a disk come up, with a medium of that number.
func (l *loose) plug(name, medium string) {
	for file, text := range map[string]string{"size": "16384", "dev": "8:" + name[2:], "diskseq": medium, "bdi/x": "", "queue/x": ""} {
		l.set(name+"/"+file, text)
	}
}

func (l *loose) pull(name string) {
	maps.DeleteFunc(l.sys, func(file string, _ *fstest.MapFile) bool { return strings.HasPrefix(file, "class/block/"+name+"/") })
}

func (l *loose) Observe(context.Context) (have md.State, err error) {
	for number, name := range []string{"sda", "sdb"} {
		dev, err := fs.ReadFile(l.sys, "class/block/"+name+"/dev")
		if err != nil || !l.made {
			continue
		}
		holders, _ := fs.ReadDir(l.sys, "class/block/"+name+"/holders")
		have.Members = append(have.Members, md.Member{Device: name, Number: string(dev), Sectors: 16384, Busy: len(holders) > 0, Super: &md.Superblock{
			Version: "1.2", UUID: md.UUID{1}, Name: "box:data", Level: 1, Slots: 2, Events: 1, Clean: true, Number: number, Roles: []int{0, 1},
		}})
	}
	return have, nil
}

func (l *loose) Late(md.State) []md.Late { return nil }

func (l *loose) note(what string) error {
	l.did = append(l.did, what)
	return l.fails(what)
}

func (l *loose) Start(context.Context, md.Op) error { return l.note("start") }

func (l *loose) run(_ context.Context, _, _ string, args ...string) (string, error) {
	err := l.note(args[0])
	l.made = l.made || err == nil
	return "", err
}

// A disk that goes after it was decided to start an array with it, or to make one of it, is waited for again: that it failed says
// nothing of the array. What fails with all disks there fails for good.
func TestDisksThatGo(t *testing.T) {
	no := errors.New("no such device or address")
	for name, tt := range map[string]struct {
		made  bool
		at    string // fails the first time
		while func(*loose)
		then  func(*loose) // before the next event
		want  []string
		err   string
	}{
		"a member": {true, "start", func(l *loose) { l.pull("sdb") }, func(l *loose) { l.plug("sdb", "2") }, []string{"start", "start"}, ""},
		"a member, and another comes by its name": {true, "start", func(l *loose) { l.plug("sdb", "2") }, nil, []string{"start", "start"}, ""},
		"a member that somebody else has":         {true, "start", func(l *loose) { l.set("sdb/holders/dm-0/x", "") }, nil, []string{"start"}, "something else uses sdb"},
		"no member":                               {true, "start", func(*loose) {}, nil, []string{"start"}, no.Error()},
		"a disk that is looked at":                {false, "free", func(l *loose) { l.pull("sdb") }, func(l *loose) { l.plug("sdb", "2") }, []string{"free", "free", "--create", "--stop", "start"}, ""},
		"a disk that is written to":               {false, "--create", func(l *loose) { l.pull("sdb") }, func(l *loose) { l.plug("sdb", "2") }, []string{"free", "--create", "free", "--create", "--stop", "start"}, ""},
		"no disk that is looked at":               {false, "free", func(*loose) {}, nil, []string{"free"}, no.Error()},
		"no disk that is written to":              {false, "--create", func(*loose) {}, nil, []string{"free", "--create"}, no.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never := spec.Duration(1 << 62)
				row := spec.Array{Level: "raid1", Create: !tt.made, StartDegradedAfter: &never}
				if row.Create {
					row.Match.Members = []string{"/dev/sda", "/dev/sdb"}
				}
				l := &loose{sys: fstest.MapFS{"class/block/x/x": {}}, made: tt.made}
				l.fails = func(did string) error {
					if did != tt.at {
						return nil
					}
					tt.at = ""
					tt.while(l)
					return no
				}
				l.plug("sda", "1")
				l.plug("sdb", "1")
				d := featuretest.Deps(t, spec.Machine{Hostname: "box", Array: map[string]spec.Array{"data": row}})
				a := newArrays(d, system{
					sys: l.sys, kernel: l, run: l.run, load: func(string) error { return nil }, name: func(string, string) error { return nil },
					free: func(context.Context, ...md.Member) error { return l.note("free") }, drop: func(string) ([]string, error) { return nil, nil },
				})
				a.watching.Do(func() {})
				done := make(chan error, 1)
				go func() { done <- a.Step("array:data").Run(t.Context()) }()
				synctest.Wait()
				if tt.then != nil {
					tt.then(l)
					d.Events.Send(came("sdb")[0])
				}
				err := <-done
				if !slices.Equal(l.did, tt.want) || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("did %q: %v; want %q, %q", l.did, err, tt.want, tt.err)
				}
			})
		})
	}
}

// What an array waits for names the disks that are there, by whatever it is made or started of.
func TestWaitingNamesDisks(t *testing.T) {
	for _, create := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			never := spec.Duration(1 << 62)
			l := &loose{sys: fstest.MapFS{"class/block/x/x": {}}, fails: func(string) error { return nil }, made: !create}
			l.plug("sda", "1")
			l.set("sda/device", "")
			l.sys["class/block/sda/device"].Mode = fs.ModeSymlink
			l.sys["class/block/sda/device"].Data = []byte("../../0:0:0:0")
			d := featuretest.Deps(t, spec.Machine{Hostname: "box", Array: map[string]spec.Array{"data": {Level: "raid1", Create: create, StartDegradedAfter: &never,
				Match: spec.ArrayMatch{Members: []string{"/dev/sda", "serial=old2"}}}}})
			a := newArrays(d, system{sys: l.sys, kernel: l, run: l.run, load: func(string) error { return nil }, name: func(string, string) error { return nil },
				free: func(context.Context, ...md.Member) error { return nil }, drop: func(string) ([]string, error) { return nil, nil }})
			a.watching.Do(func() {})
			done := make(chan error, 1)
			go func() { done <- a.Step("array:data").Run(ctx) }()
			synctest.Wait()
			if got, want := a.waiting("data"), "; seen: /dev/sda; missing: serial=old2; disks looked at: sda (no serial number)"; !strings.HasSuffix(got, want) {
				t.Errorf("create %v: it waits for %q, want %q at its end", create, got, want)
			}
			cancel()
			<-done
		})
	}
}
