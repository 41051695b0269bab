package array

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// fakeKernel has two disks, which are blank until mdadm makes an array of them.
type fakeKernel struct {
	mu      sync.Mutex
	host    string // whose array it is; "" as long as there is none
	made    int
	started []string
}

func (k *fakeKernel) Observe(context.Context) (have md.State, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, disk := range []string{"vda", "vdb"} {
		if k.host != "" {
			have.Members = append(have.Members, md.Member{Device: disk, Sectors: 16384, Super: &md.Superblock{
				Version: "1.2", UUID: md.UUID{1}, Name: k.host + ":data", Level: 1, Slots: 2, Events: 1, Clean: true, Number: i, Roles: []int{0, 1},
			}})
		}
	}
	return have, nil
}

func (k *fakeKernel) Late(md.State) []md.Late { return nil }

func (k *fakeKernel) Start(_ context.Context, op md.Op) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.started = append(k.started, op.Device)
	return nil
}

func (k *fakeKernel) run(_ context.Context, _, program string, args ...string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, arg := range args {
		if host, ok := strings.CutPrefix(arg, "--homehost="); ok {
			k.host = host
			k.made++
		}
	}
	return "", nil
}

func (k *fakeKernel) system() system {
	sys := fstest.MapFS{}
	for _, disk := range []string{"vda", "vdb"} {
		sys["class/block/"+disk+"/size"] = &fstest.MapFile{Data: []byte("16384\n")}
		sys["class/block/"+disk+"/bdi/read_ahead_kb"] = &fstest.MapFile{}
	}
	return system{
		sys: sys, kernel: k, run: k.run, load: func(string) error { return nil }, name: func(string, string) error { return nil },
		free: func(context.Context, ...md.Member) error { return nil }, drop: func(string) ([]string, error) { return nil, nil },
	}
}

// bySite boots a machine whose owner calls it otherwise. Its interface goes by what the machine was when it began, all the while:
// it does not wait for the medium.
func bySite(t *testing.T, d *feature.Deps, kernel *fakeKernel) (failed []error) {
	image := *d.Machine.Image
	was := *d.Machine.Now()
	links := fmt.Sprint(was.Links())
	looking, published := make(chan struct{}), make(chan struct{})
	steps := map[string]func(context.Context) error{
		"mounts": func(context.Context) error { return nil }, "modules": func(context.Context) error { return nil },
		"link:lan": func(context.Context) error {
			m := d.Machine.Now()
			close(looking)
			for done := false; !done; {
				select {
				case <-published:
					done = true
				default:
				}
				if got := fmt.Sprint(m.Links()); got != links || m.Hostname != was.Hostname {
					return fmt.Errorf("the machine changed below who looked at it: %s, %s", m.Hostname, got)
				}
			}
			return nil
		},
		"site": func(context.Context) error {
			<-looking
			next := *d.Machine.Now()
			next.Hostname = "owner"
			next.Ethernet = map[string]spec.Ethernet{"lan": {Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/24")}}}}
			d.Machine.Publish(&next)
			close(published)
			return nil
		},
	}
	arrays := newArrays(d, kernel.system())
	base := func(*spec.Description) (units []graph.Unit) {
		for _, name := range []string{"site", "link:lan", "mounts", "modules"} {
			units = append(units, graph.Unit{Unit: unit.Unit{Name: name}})
		}
		return units
	}
	units := graph.Plain(graph.Of(&image, base, plan.Units))
	for i, u := range units {
		if units[i].Run = steps[u.Name]; units[i].Run == nil {
			units[i].Run = arrays.Step(u.Name).Run
		}
	}
	err := unit.Run(t.Context(), units, unit.Options{Report: func(o unit.Outcome) { failed = append(failed, o.Err) }})
	return slices.DeleteFunc(append(failed, err), func(err error) bool { return err == nil })
}

// An array is made and started under the name that the box's owner gave it, whatever goes on beside it; another one, and the
// next boot would refuse it as another host's.
func TestArrayOfAnOwnersName(t *testing.T) {
	m := spec.Machine{
		Hostname: "image", Site: &spec.Site{Allow: []spec.SiteKey{spec.SiteHostname}},
		Ethernet: map[string]spec.Ethernet{"lan": {}},
		Array:    map[string]spec.Array{"data": {Level: "raid1", Create: true, StartDegradedAfter: new(spec.Duration), Match: spec.ArrayMatch{Members: []string{"/dev/vda", "/dev/vdb"}}}},
	}
	kernel := &fakeKernel{}
	for boot := 1; boot <= 2; boot++ {
		d := featuretest.Deps(t, m)
		if failed := bySite(t, d, kernel); len(failed) > 0 {
			t.Fatalf("boot %d: %v", boot, errors.Join(failed...))
		}
		if got := featuretest.Fact(d, "array.data.device"); kernel.host != "owner" || kernel.made != 1 || len(kernel.started) != boot || got != "/dev/md_data" {
			t.Errorf("boot %d: made %d times under the name %q, started %q, device %v", boot, kernel.made, kernel.host, kernel.started, got)
		}
	}
}
