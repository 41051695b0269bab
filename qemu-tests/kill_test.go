package qemu_tests

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

const killRuns = 20

// Phases in which the power fails.
const (
	// writes: files are written to a whole mirror.
	writes = "writes"
	// rebuild: a new disk fills the place of one that failed, while files are written.
	rebuild = "rebuild"
	// replace: a disk that works gives its content to a new one, while files are written.
	replace = "replace"
)

// unreliable is a mirror in a box whose power fails. Rebuilding is slow, so that it is not over before that.
const unreliable = `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
modules = ["md-mod"]
[sysctl]
"dev.raid.speed_limit_max" = 2500
[image]
overlays = ["headless", "files"]
[array.data]
level  = "raid1"
create = true
match  = { members = ["serial=d0", "serial=d1"] }
start_degraded_after = "2s"
[mount."/srv"]
source  = "array:data"
type    = "ext4"
create  = true
fsck    = "preen"
`

// mirror is what a test of power failures knows of its mirror: serial numbers of the two disks in it and of the
// one beside it, and how many files were synced.
type mirror struct {
	members [2]string
	idle    string
	synced  int
	dice    *rand.Rand
}

// The power fails again and again, while files are written, while a mirror is rebuilt, and in the middle of
// replacing a disk. What was begun goes on by itself at the next boot, every file that was synced is there, and
// in the end the mirror is whole.
func TestPowerFails(t *testing.T) {
	t.Parallel()
	long(t)
	seed, err := strconv.ParseUint(os.Getenv("IMGBUILD_TEST_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with IMGBUILD_TEST_SEED=%d", seed)
	a := extended(t, unreliable, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	for _, id := range []string{"d0", "d1", "d2"} {
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI})
	}
	m := &mirror{members: [2]string{"d0", "d1"}, idle: "d2", dice: rand.New(rand.NewPCG(1, seed))}
	var order []string
	for i := range killRuns {
		order = append(order, []string{writes, rebuild, replace}[i%3])
	}
	m.dice.Shuffle(killRuns, func(i, j int) { order[i], order[j] = order[j], order[i] })
	hit, last := map[string]int{}, ""
	for run, phase := range order {
		g := start(t, vm.Config)
		m.returns(t, g, last)
		m.begins(t, g, phase)
		m.goesOn(t, g)
		if m.killed(t, g, phase) {
			hit[phase]++
		}
		last = phase
		t.Logf("run %d: the power failed in %s; %d files", run, phase, m.synced)
		if t.Failed() {
			t.FailNow() // one run's damage would be the next one's riddle
		}
	}
	if hit[writes] < 6 || hit[rebuild] < 6 || hit[replace] < 6 {
		t.Errorf("of %d power failures %v came in their phase", killRuns, hit)
	}
	g := start(t, vm.Config)
	m.returns(t, g, last)
	inside(t, g, `uinitctl array check data | grep 'all copies agree'`)
	off(t, g)
}

// returns waits for the files after a power failure and holds each against what was written. Work that was
// cut off goes on without being told, and is complete when returns does; the command that had begun it
// may be given again.
func (m *mirror) returns(t *testing.T, g *qemu.Guest, last string) {
	t.Helper()
	s := until(t, g, "the mount", func(s *report.State) bool {
		return s.Units["mount:/srv"].State == "ok" && s.Facts["array.data.members"].Value != nil
	})
	wrong := inside(t, g, fmt.Sprintf(`for ((i=1; i<=%d; i++)); do [ "$(grep -c "^$i$" /srv/f$i)" = 4000 ] || echo $i; done`, m.synced))
	if wrong != "" {
		t.Fatalf("files that are not what was synced: %q", wrong)
	}
	// What the array was when it had just been started shows that the power did fail in the phase.
	first := func(name string) any {
		i := slices.IndexFunc(s.Events, func(e report.Event) bool { return e.Kind == report.KindFact && e.Name == "array.data."+name })
		return s.Events[i].Value
	}
	members, _ := first("members").([]any)
	switch state := first("state"); {
	case last == rebuild && state != "rebuilding" && state != "degraded":
		t.Errorf("after a power failure in a rebuild the array is %v", state)
	case last == replace && (state != "ok" || len(members) != 3):
		t.Errorf("after a power failure in a replacement the array is %v: %v", state, members)
	case (last == writes || last == "") && (state != "ok" || len(members) != 2):
		t.Errorf("after a power failure in writes the array is %v: %v", state, members)
	}
	inside(t, g, `echo 200000 > /proc/sys/dev/raid/speed_limit_max`)
	if last == rebuild || last == replace {
		// The names may be others than before. Who took the place of whom is known since the phase began.
		said := inside(t, g, `d=($(await disk `+m.idle+` `+m.members[1]+`)); uinitctl array replace data ${d[0]} ${d[1]}`)
		if !strings.Contains(said, "data ok: ") {
			t.Errorf("given again, replace says %s", said)
		}
	}
	until(t, g, "a whole mirror", func(s *report.State) bool {
		members, _ := s.Facts["array.data.members"].Value.([]any)
		return s.Facts["array.data.state"].Value == "ok" && s.Facts["array.data.action"].Value == "idle" && len(members) == 2
	})
	status := inside(t, g, `uinitctl array status`)
	for _, serial := range m.members {
		if !strings.Contains(status, "serial "+serial+"): in_sync") {
			t.Errorf("%s is not in the mirror: %s", serial, status)
		}
	}
}

// begins brings the phase under way, and returns when the guest has said that it is.
func (m *mirror) begins(t *testing.T, g *qemu.Guest, phase string) {
	t.Helper()
	inside(t, g, `echo 2500 > /proc/sys/dev/raid/speed_limit_max`)
	if phase == writes {
		m.writes(t, g)
		return
	}
	m.dice.Shuffle(2, func(i, j int) { m.members[i], m.members[j] = m.members[j], m.members[i] })
	fail := ""
	if phase == rebuild {
		fail = `mdadm -q /dev/md_data --fail /dev/${d[0]}; `
	}
	inside(t, g, `set -e; d=($(await disk `+m.members[1]+` `+m.idle+`)); uinitctl disk erase ${d[1]} `+m.idle+`
`+fail+`uinitctl array replace data ${d[0]} ${d[1]} >/run/replace 2>&1 &`)
	m.members[1], m.idle = m.idle, m.members[1]
	until(t, g, phase, func(s *report.State) bool { return under(s, phase) })
}

// under says that the last that was heard of the array is that it is in a phase's middle.
func under(s *report.State, phase string) bool {
	percent, _ := s.Facts["array.data.percent"].Value.(float64)
	members, _ := s.Facts["array.data.members"].Value.([]any)
	state, action := s.Facts["array.data.state"].Value, s.Facts["array.data.action"].Value
	middle := action == "recover" && percent > 0 && percent < 99
	switch phase {
	case rebuild:
		return middle && state == "rebuilding"
	case replace:
		return middle && state == "ok" && len(members) == 3
	}
	return state == "ok" && action == "idle"
}

// goesOn writes files for a while that chance decides.
func (m *mirror) goesOn(t *testing.T, g *qemu.Guest) {
	t.Helper()
	for end := time.Now().Add(time.Duration(m.dice.IntN(4000)) * time.Millisecond); time.Now().Before(end); {
		m.writes(t, g)
	}
}

func (m *mirror) writes(t *testing.T, g *qemu.Guest) {
	t.Helper()
	inside(t, g, fmt.Sprintf("for ((j=0; j<4000; j++)); do echo %[1]d; done > /srv/f%[1]d; sync", m.synced+1))
	m.synced++
}

// killed ends the guest in the middle of one more file, of which nobody said that it is there. It says whether the
// phase was still under way.
func (m *mirror) killed(t *testing.T, g *qemu.Guest, phase string) bool {
	t.Helper()
	go func() {
		_, _ = g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", "for ((j=0; j<40000; j++)); do echo x; done > /srv/last; sync"}})
	}()
	time.Sleep(time.Duration(m.dice.IntN(500)) * time.Millisecond) // not a wait: a moment that nobody chose
	g.Kill()
	s := g.Report().State()
	if !under(&s, phase) {
		t.Logf("%s was over already: %v", phase, facts(g))
		return false
	}
	return true
}
