package array

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// runningKernel is a kernel with an array that runs, and members that it does without.
type runningKernel struct {
	late     []md.Late
	commands []string
	refuse   error // what mdadm says
	looks    int
}

func (k *runningKernel) Observe(context.Context) (have md.State, err error) {
	k.looks++
	for _, l := range k.late {
		have.Members = append(have.Members, l.Member)
	}
	have.Running = []md.Array{{Device: "md_data", UUID: md.UUID{1}}}
	return have, nil
}

func (k *runningKernel) Late(md.State) []md.Late { return k.late }

func (k *runningKernel) Start(context.Context, md.Op) error { return errors.New("BUG: it runs") }

func (k *runningKernel) run(_ context.Context, _, program string, args ...string) (string, error) {
	k.commands = append(k.commands, strings.Join(append([]string{program}, args...), " "))
	if k.refuse != nil {
		return "", k.refuse
	}
	k.late = slices.DeleteFunc(k.late, func(l md.Late) bool { return "/dev/"+l.Member.Device == args[2] })
	return "", nil
}

func late(device, why string, role int) md.Late {
	return md.Late{Device: "md_data", Why: why, Member: md.Member{Device: device, Super: &md.Superblock{Name: "box:data", UUID: md.UUID{1}, Level: 1, Slots: 2, Number: 1, Roles: []int{0, role}}}}
}

// A member that comes when its array runs joins where it may, and is named where it may not: in the fact, in the status and
// with the unit. One that was left out, or that a person took out, is not taken in unasked.
func TestLatecomers(t *testing.T) {
	const data = "array data is not used: "
	for name, tt := range map[string]struct {
		there   []md.Late
		refuse  error
		events  []dev.Event
		then    []md.Late // after which there is one more event
		refused bool
		want    []string // commands
		unused  []string
	}{
		"an active member":      {there: []md.Late{late("sdb", "", 1)}, events: came("sdb"), want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdb"}},
		"a spare":               {there: []md.Late{late("sdb", "", md.RoleSpare)}, events: came("sdb"), want: []string{"/sbin/mdadm /dev/md_data --add /dev/sdb"}},
		"a partition":           {there: []md.Late{late("sdb1", "", 1)}, events: came("sdb", "sdb1"), want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdb1"}},
		"two":                   {there: []md.Late{late("sdb", "", 1), late("sdc", "", md.RoleSpare)}, events: came("sdb", "sdc"), want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdb", "/sbin/mdadm /dev/md_data --add /dev/sdc"}},
		"a stale one":           {there: []md.Late{late("sdb", "it is stale", 1)}, events: came("sdb"), unused: []string{"sdb (slot 1) of " + data + "it is stale"}},
		"one that was left out": {there: []md.Late{late("sdb", "", 1)}, events: came("sdc"), unused: []string{"sdb (slot 1) of " + data + `it was left out; "mdadm /dev/md_data --re-add /dev/sdb" takes it in`}},
		"one that the kernel does not take": {there: []md.Late{late("sdb", "", 1)}, refuse: errors.New("not possible"), events: came("sdb", "sdc"),
			want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdb"}, unused: []string{"sdb (slot 1) of " + data + "mdadm /dev/md_data --re-add /dev/sdb: not possible"}},
		"one that comes again": {there: []md.Late{late("sdb", "", 1)}, refuse: errors.New("not possible"), events: came("sdb", "sdb"),
			want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdb", "/sbin/mdadm /dev/md_data --re-add /dev/sdb"}, unused: []string{"sdb (slot 1) of " + data + "mdadm /dev/md_data --re-add /dev/sdb: not possible"}},
		"one of which the news was lost": {there: []md.Late{late("sda", "", 0), late("sdb", "", 1)}, events: []dev.Event{{Action: dev.Overflow}},
			want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdb"}, unused: []string{"sda (slot 0) of " + data + `it was left out; "mdadm /dev/md_data --re-add /dev/sda" takes it in`}},
		"one of which it was decided": {there: []md.Late{late("sda", "", 0)}, events: came("sda"), unused: []string{"sda (slot 0) of " + data + `it was left out; "mdadm /dev/md_data --re-add /dev/sda" takes it in`}},
		"one that was put in again":   {there: []md.Late{late("sdr", "", 1)}, events: came("sdr"), want: []string{"/sbin/mdadm /dev/md_data --re-add /dev/sdr"}},
		"one that is pulled":          {there: []md.Late{late("sdb", "it is stale", 1)}, events: came("sdb"), then: []md.Late{}},
		"what is no disk":             {there: []md.Late{late("sdb", "", 1)}, events: []dev.Event{{Action: "add", Path: "/devices/net/sdb", Env: map[string]string{"SUBSYSTEM": "net"}}}},
		"one of an array that was refused": {there: []md.Late{late("sdb", "", 1)}, events: came("sdb"), refused: true,
			unused: []string{"sdb (slot 1) of array data is not used: the array was refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := featuretest.Deps(t, spec.Machine{Hostname: "box", Array: map[string]spec.Array{"data": {Level: "raid1"}}})
				kernel := &runningKernel{late: tt.there, refuse: tt.refuse}
				sys := fstest.MapFS{"class/block/md_data/md/array_state": {Data: []byte("active\n")}, "class/block/md_data/md/raid_disks": {Data: []byte("2\n")}}
				a := newArrays(d, system{sys: sys, kernel: kernel, run: kernel.run, drop: func(string) ([]string, error) { return nil, nil }})
				a.consider("data", a.machine(), md.State{Members: []md.Member{late("sda", "", 0).Member, late("sdr", "", 1).Member}})
				sys["class/block/sdr/diskseq"] = &fstest.MapFile{Data: []byte("9\n")} // put in again since
				if a.device["data"] = "md_data"; tt.refused {
					a.device, a.refused = map[string]string{}, map[string]bool{"data": true}
				}
				a.watchDisks()
				for _, e := range tt.events {
					d.Events.Send(e)
					time.Sleep(settle)
					synctest.Wait()
				}
				if tt.then != nil {
					kernel.late = tt.then
					d.Events.Send(dev.Event{Action: "remove", Path: "/devices/block/sdb", Env: map[string]string{"SUBSYSTEM": "block"}})
					time.Sleep(settle)
					synctest.Wait()
				}
				if !slices.Equal(kernel.commands, tt.want) {
					t.Errorf("commands %q, want %q", kernel.commands, tt.want)
				}
				got, _ := featuretest.Fact(d, "array.unclaimed").([]string)
				if !slices.Equal(got, tt.unused) {
					t.Errorf("the fact is %q, want %q", got, tt.unused)
				}
				var status strings.Builder
				if err := a.status(func(e report.Event) error { fmt.Fprintln(&status, e.Message); return nil }); err != nil {
					t.Fatal(err)
				}
				for _, text := range tt.unused {
					if !strings.Contains(status.String(), "  "+text+"\n") {
						t.Errorf("the status has no %q:\n%s", text, &status)
					}
				}
			})
		})
	}
}

// Disks that come together are looked at once, and those that come without an end are looked at all the same.
func TestLooksAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kernel := &runningKernel{}
		d := featuretest.Deps(t, spec.Machine{Hostname: "box"})
		a := newArrays(d, system{sys: fstest.MapFS{}, kernel: kernel})
		a.watchDisks()
		synctest.Wait()
		for _, e := range came(slices.Repeat([]string{"sdb"}, 88)...) {
			d.Events.Send(e)
			a.lookAgain() // as each array does that has been started
			synctest.Wait()
		}
		time.Sleep(settle)
		synctest.Wait()
		if kernel.looks != 1 {
			t.Errorf("%d looks at disks that came together, want 1", kernel.looks)
		}
		for range 3 * longest / settle {
			d.Events.Send(came("sdb")[0])
			time.Sleep(settle - 1)
			synctest.Wait()
		}
		if kernel.looks != 3 {
			t.Errorf("%d looks while disks came for %s, want one each %s", kernel.looks-1, 3*longest, longest)
		}
	})
}

// came are the kernel's words of disks that come up.
func came(devices ...string) (events []dev.Event) {
	for _, d := range devices {
		events = append(events, dev.Event{Action: "add", Path: "/devices/block/" + d, Env: map[string]string{"SUBSYSTEM": "block"}})
	}
	return events
}
