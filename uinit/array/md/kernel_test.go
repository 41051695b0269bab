package md

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// recorder writes down what the kernel is told, and refuses what a test says.
type recorder struct {
	rows   []string
	refuse map[string]error
}

func (r *recorder) put(file, text string) error {
	row := strings.TrimPrefix(strings.TrimPrefix(file, "/sys/block/md_data/md/"), "/sys/module/md_mod/parameters/") + "=" + text
	r.rows = append(r.rows, row)
	return r.refuse[row]
}

func startOf(level int, dirty bool) Op {
	super := &Superblock{Version: "1.2", Level: level}
	return Op{Array: "data", Action: Start, Device: "md_data", Dirty: dirty, Members: []Member{{Device: "sda", Number: "8:0", Super: super}, {Device: "sdb", Number: "8:16", Super: super}}}
}

// An array is started by these words in this order; where one is refused its members are let go, and the licence to start with doubtful
// parity is taken back in any case.
func TestStartTellsTheKernel(t *testing.T) {
	normal := []string{"load md_mod", "load raid1", "new_array=md_data", "metadata_version=1.2", "new_dev=8:0", "new_dev=8:16", "array_state=active"}
	dirty := []string{"load md_mod", "load raid456", "new_array=md_data", "start_dirty_degraded=1", "metadata_version=1.2", "new_dev=8:0", "new_dev=8:16", "array_state=active", "start_dirty_degraded=0"}
	refused := unix.EINVAL
	for name, tt := range map[string]struct {
		op     Op
		refuse map[string]error
		want   []string
		err    error
	}{
		"as usual":                   {startOf(1, false), nil, normal, nil},
		"it is made already":         {startOf(1, false), map[string]error{"new_array=md_data": unix.EEXIST}, normal, nil},
		"with doubtful parity":       {startOf(5, true), nil, dirty, nil},
		"no module":                  {startOf(1, false), map[string]error{"load raid1": refused}, normal[:2], refused},
		"it cannot be made":          {startOf(1, false), map[string]error{"new_array=md_data": refused}, normal[:3], refused},
		"a version nobody knows":     {startOf(1, false), map[string]error{"metadata_version=1.2": refused}, append(slices.Clone(normal[:4]), "array_state=clear"), refused},
		"a member that is busy":      {startOf(1, false), map[string]error{"new_dev=8:16": refused}, append(slices.Clone(normal[:6]), "array_state=clear"), refused},
		"it does not run":            {startOf(1, false), map[string]error{"array_state=active": refused}, append(slices.Clone(normal), "array_state=clear"), refused},
		"unequal members":            {startOf(0, false), map[string]error{"array_state=active": unix.EOPNOTSUPP}, append([]string{"load md_mod", "load raid0"}, append(slices.Clone(normal[2:]), "array_state=clear")...), ErrLayout},
		"of another level, that":     {startOf(1, false), map[string]error{"array_state=active": unix.EOPNOTSUPP}, append(slices.Clone(normal), "array_state=clear"), unix.EOPNOTSUPP},
		"no licence for that parity": {startOf(5, true), map[string]error{"start_dirty_degraded=1": refused}, append(slices.Clone(dirty[:4]), "array_state=clear"), refused},
		"the licence stays":          {startOf(5, true), map[string]error{"start_dirty_degraded=0": refused}, append(slices.Clone(dirty), "array_state=clear"), refused},
		"doubtful, and refused":      {startOf(5, true), map[string]error{"new_dev=8:0": refused}, append(slices.Clone(dirty[:6]), "start_dirty_degraded=0", "array_state=clear"), refused},
	} {
		r := &recorder{refuse: tt.refuse}
		k := System{write: r.put, LoadModule: func(module string) error {
			r.rows = append(r.rows, "load "+module)
			return tt.refuse["load "+module]
		}}
		if err := k.Start(t.Context(), tt.op); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || !slices.Equal(r.rows, tt.want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, r.rows, tt.want)
		}
	}
	for level, module := range map[int]string{-1: "linear", 0: "raid0", 1: "raid1", 4: "raid456", 5: "raid456", 6: "raid456", 10: "raid10"} {
		if personality[level] != module {
			t.Errorf("level %d is driven by %q", level, personality[level])
		}
	}
}

func TestStopTellsTheKernel(t *testing.T) {
	busy := unix.EBUSY
	for _, tt := range []struct {
		refuse map[string]error
		want   []string
		fails  bool
	}{
		{nil, []string{"array_state=clear"}, false},
		{map[string]error{"array_state=clear": busy}, []string{"array_state=clear", "array_state=readonly"}, false},
		{map[string]error{"array_state=clear": busy, "array_state=readonly": busy}, []string{"array_state=clear", "array_state=readonly"}, true},
	} {
		r := &recorder{refuse: tt.refuse}
		if err := stop("md_data", r.put); (err != nil) != tt.fails || !slices.Equal(r.rows, tt.want) {
			t.Errorf("%v: %v, %q", tt.refuse, err, r.rows)
		}
	}
	file := filepath.Join(t.TempDir(), "state")
	if err := put(file, "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there was made: %v", err)
	}
	if err := errors.Join(os.WriteFile(file, nil, 0o600), put(file, "clear")); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(file); string(text) != "clear" {
		t.Errorf("written: %q", text)
	}
}

// It looks at once, and again after a second while there is work, and ends with its context.
func TestWatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mdstat")
	over := errors.New("going down")
	ctx, cancel := context.WithCancelCause(t.Context())
	begin, looks := time.Now(), 0
	if err := os.WriteFile(file, []byte("Personalities :\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = watch(ctx, mdstat(f.Fd()), func() bool {
		if looks++; looks == 2 {
			cancel(over)
		}
		return true
	})
	if took := time.Since(begin); !errors.Is(err, over) || looks != 2 || took < time.Second+rest || took > 30*time.Second {
		t.Errorf("%v after %v and %d looks", err, took, looks)
	}
	if err := watch(ctx, mdstat(f.Fd()), func() bool { t.Error("it looks after its end"); return true }); !errors.Is(err, over) {
		t.Error(err)
	}
}

// The numbers of both versions, each up to its edge.
func TestSuperblockEdges(t *testing.T) {
	le := binary.LittleEndian
	sound := made{roles: []int{0, 1}, level: 1, slots: 2, number: 1, slot: 1, name: "box:data", uuid: 5, events: 3}
	for name, tt := range map[string]struct {
		change func(b []byte)
		want   func(s *Superblock) bool // nil: it is damaged
	}{
		"as it is": {func([]byte) {}, func(s *Superblock) bool {
			return s.Needs == 2048+4096 && s.Clean && !s.Recovering && s.Number == 1 && s.UUID[0] == 5
		}},
		"no data":                     {func(b []byte) { le.PutUint64(b[128:], 0); le.PutUint64(b[136:], 0) }, func(s *Superblock) bool { return s.Needs == 16 }},
		"the most data":               {func(b []byte) { le.PutUint64(b[128:], 1<<56); le.PutUint64(b[136:], 1<<56) }, func(s *Superblock) bool { return s.Needs == 1<<57 }},
		"a sector more of data":       {func(b []byte) { le.PutUint64(b[136:], 1<<56+1) }, nil},
		"data a sector further":       {func(b []byte) { le.PutUint64(b[128:], 1<<56+1) }, nil},
		"the most slots":              {func(b []byte) { le.PutUint32(b[92:], mostRoles) }, func(s *Superblock) bool { return s.Slots == 1920 }},
		"one slot":                    {func(b []byte) { le.PutUint32(b[92:], 1) }, func(s *Superblock) bool { return s.Slots == 1 }},
		"a slot more":                 {func(b []byte) { le.PutUint32(b[92:], mostRoles+1) }, nil},
		"the most devices":            {func(b []byte) { le.PutUint32(b[220:], mostRoles) }, func(s *Superblock) bool { return len(s.Roles) == 1920 }},
		"no devices":                  {func(b []byte) { le.PutUint32(b[220:], 0) }, func(s *Superblock) bool { return len(s.Roles) == 0 && s.Role() == RoleSpare }},
		"an odd number of them":       {func(b []byte) { le.PutUint32(b[220:], 3); le.PutUint16(b[260:], RoleFaulty) }, func(s *Superblock) bool { return s.RoleOf(2) == RoleFaulty }},
		"content that is not whole":   {func(b []byte) { b[8] = FeatureRecoveryOffset; le.PutUint64(b[152:], 7) }, func(s *Superblock) bool { return s.Recovering }},
		"that is whole after all":     {func(b []byte) { b[8] = FeatureRecoveryOffset }, func(s *Superblock) bool { return !s.Recovering }},
		"an offset that says nothing": {func(b []byte) { le.PutUint64(b[152:], 7) }, func(s *Superblock) bool { return !s.Recovering }},
		"a level below zero":          {func(b []byte) { le.PutUint32(b[72:], math.MaxUint32) }, func(s *Superblock) bool { return s.Level == -1 }},
		"a name that steers":          {func(b []byte) { copy(b[32:], "a\x1b[2J\x7f\xff\x00rest") }, func(s *Superblock) bool { return s.Name == "a?[2J??" }},
		"a name of 32 bytes":          {func(b []byte) { copy(b[32:], strings.Repeat("n", 32)) }, func(s *Superblock) bool { return s.Name == strings.Repeat("n", 32) }},
		"features of the last bit":    {func(b []byte) { le.PutUint32(b[8:], 1<<31) }, func(s *Superblock) bool { return s.Features == 1<<31 }},
		"events beyond 32 bits":       {func(b []byte) { le.PutUint64(b[200:], 5<<32|6) }, func(s *Superblock) bool { return s.Events == 5<<32|6 }},
		"a layout":                    {func(b []byte) { le.PutUint32(b[76:], 0x102) }, func(s *Superblock) bool { return s.Layout == 0x102 }},
	} {
		b := sound.super()
		if tt.change(b); le.Uint32(b[220:]) <= mostRoles {
			resum(b)
		}
		s, err := Parse(b, "1.2", 8)
		if tt.want == nil && !errors.Is(err, ErrDamaged) || tt.want != nil && (err != nil || !tt.want(s)) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	put := func(b []byte, word int, v uint32) { le.PutUint32(b[4*word:], v) }
	old := made{roles: []int{0, 1, RoleFaulty, 2}, level: 5, slots: 3, number: 1, slot: 1, uuid: 5, events: 3, version: "0.90", dirty: true}
	for name, tt := range map[string]struct {
		change func(b []byte)
		want   func(s *Superblock) bool
	}{
		"as it is": {func([]byte) {}, func(s *Superblock) bool {
			return s.Needs == 2*1024+128 && !s.Clean && !s.Recovering && s.Features == 0 && s.Role() == 1 && slices.Equal(s.Roles[:5], []int{0, 1, RoleFaulty, 2, RoleSpare}) && len(s.Roles) == disks0
		}},
		"ended well":       {func(b []byte) { put(b, 33, 1) }, func(s *Superblock) bool { return s.Clean }},
		"another flag":     {func(b []byte) { put(b, 33, 2) }, func(s *Superblock) bool { return !s.Clean }},
		"a checkpoint":     {func(b []byte) { put(b, 41, 3); put(b, 43, math.MaxUint32) }, func(s *Superblock) bool { return s.Clean }},
		"an old one":       {func(b []byte) { put(b, 41, 2); put(b, 43, math.MaxUint32) }, func(s *Superblock) bool { return !s.Clean }},
		"one half way":     {func(b []byte) { put(b, 41, 3); put(b, 43, 77) }, func(s *Superblock) bool { return !s.Clean }},
		"of other events":  {func(b []byte) { put(b, 40, 1); put(b, 41, 3); put(b, 43, math.MaxUint32) }, func(s *Superblock) bool { return !s.Clean && s.Events == 1<<32|3 }},
		"a reshape":        {func(b []byte) { put(b, 2, 91); put(b, 44, 9) }, func(s *Superblock) bool { return s.Features == FeatureReshape }},
		"one that is done": {func(b []byte) { put(b, 2, 91); put(b, 44, math.MaxUint32); put(b, 45, math.MaxUint32) }, func(s *Superblock) bool { return s.Features == 0 }},
		"a later minor":    {func(b []byte) { put(b, 2, 92); put(b, 44, math.MaxUint32); put(b, 45, math.MaxUint32) }, func(s *Superblock) bool { return s.Features == FeatureReshape }},
		"not in sync":      {func(b []byte) { put(b, firstDisk0+diskWords0+4, 2) }, func(s *Superblock) bool { return s.Recovering && s.Role() == 1 }},
		"no member yet":    {func(b []byte) { put(b, firstDisk0+diskWords0+4, 0) }, func(s *Superblock) bool { return !s.Recovering && s.Role() == RoleSpare }},
		"failed":           {func(b []byte) { put(b, firstDisk0+diskWords0+4, 1) }, func(s *Superblock) bool { return s.Role() == RoleFaulty }},
		"in sync":          {func(b []byte) { put(b, firstDisk0+diskWords0+4, 4) }, func(s *Superblock) bool { return s.Role() == 1 && !s.Recovering }},
		"removed":          {func(b []byte) { put(b, firstDisk0+diskWords0+4, 8) }, func(s *Superblock) bool { return s.Role() == RoleFaulty }},
		"the last slot":    {func(b []byte) { put(b, firstDisk0+diskWords0+3, 26) }, func(s *Superblock) bool { return s.Role() == 26 }},
		"one behind it":    {func(b []byte) { put(b, firstDisk0+diskWords0+3, 27) }, func(s *Superblock) bool { return s.Role() == RoleSpare }},
		"the most slots":   {func(b []byte) { put(b, 10, 27) }, func(s *Superblock) bool { return s.Slots == 27 }},
		"a slot more":      {func(b []byte) { put(b, 10, 28) }, nil},
		"no slots":         {func(b []byte) { put(b, 10, 0) }, nil},
		"the last device":  {func(b []byte) { put(b, thisDisk0, 26) }, func(s *Superblock) bool { return s.Number == 26 }},
		"one behind":       {func(b []byte) { put(b, thisDisk0, 27) }, nil},
		"its identity":     {func(b []byte) { put(b, 13, 0x01020304) }, func(s *Superblock) bool { return s.UUID.String() == "00000005:01020304:00000000:00000000" }},
	} {
		b := old.super()
		tt.change(b)
		put(b, 38, sum0(b))
		s, err := Parse(b, "0.90", 8)
		if tt.want == nil && !errors.Is(err, ErrDamaged) || tt.want != nil && (err != nil || !tt.want(s)) {
			t.Errorf("0.90, %s: %+v, %v", name, s, err)
		}
	}
	b := old.super()
	put(b, 1, 1)
	put(b, 38, sum0(b))
	if _, err := Parse(b, "0.90", 8); !errors.Is(err, ErrNone) {
		t.Errorf("another major version: %v", err)
	}
	for role, active := range map[int]bool{-1: false, 0: true, roleMax - 1: true, roleMax: false, RoleJournal: false, RoleFaulty: false, RoleSpare: false} {
		if Active(role) != active {
			t.Errorf("role %#x is a slot: %v", role, !active)
		}
	}
	if got := fold(0xffff_ffff); got != 0xffff {
		t.Errorf("folded: %#x", got)
	}
}

// What runs, as the kernel shows it.
func TestRunning(t *testing.T) {
	for name, tt := range map[string]struct {
		files   map[string]string
		runs    bool
		uuid    string
		members []string
		slots   int
	}{
		"of version 1":       {map[string]string{"array_state": "clean", "raid_disks": "2", "uuid": "01020304-0506-0708-090a-0b0c0d0e0f10", "metadata_version": "1.2", "dev-sda/slot": "0", "dev-sdb/slot": "1"}, true, "01020304:05060708:090a0b0c:0d0e0f10", []string{"sda", "sdb"}, 2},
		"of version 0.90":    {map[string]string{"array_state": "active", "raid_disks": "3", "uuid": "01020304-0506-0708-090a-0b0c0d0e0f10", "metadata_version": "0.90"}, true, "04030201:08070605:0c0b0a09:100f0e0d", nil, 3},
		"stopped":            {map[string]string{"array_state": "clear"}, false, "00000000:00000000:00000000:00000000", nil, 0},
		"being put together": {map[string]string{"array_state": "inactive", "raid_disks": "2", "dev-sda/block/size": "8"}, true, "00000000:00000000:00000000:00000000", []string{"sda"}, 0},
		"one let go":         {map[string]string{"array_state": "inactive", "dev-sda/block/size": "8", "dev-sdb/slot": "1"}, true, "00000000:00000000:00000000:00000000", []string{"sda"}, 0},
		"all let go":         {map[string]string{"array_state": "clear", "dev-sda/slot": "0"}, false, "00000000:00000000:00000000:00000000", nil, 0},
		"no identity":        {map[string]string{"array_state": "clean", "raid_disks": "2", "uuid": "01"}, true, "00000000:00000000:00000000:00000000", nil, 2},
		"no array":           {nil, false, "00000000:00000000:00000000:00000000", nil, 0},
	} {
		a, runs := running(tree(tt.files), "md_data")
		if runs != tt.runs || a.UUID.String() != tt.uuid || !slices.Equal(a.Members, tt.members) || a.Slots != tt.slots {
			t.Errorf("%s: %v, %+v", name, runs, a)
		}
	}
}

// What a profile means by a device.
func TestFind(t *testing.T) {
	sys := fstest.MapFS{}
	add := func(name, file, text string) {
		sys["class/block/"+name+"/"+file] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	for _, name := range []string{"sda", "sdb", "sdc"} {
		add(name, "size", "2048")
		add(name, "dev", "8:"+name)
		add(name, "bdi/x", "")
		add(name, "holders/x", "")
	}
	if m := (Member{Device: "sda1", Serial: "S", Label: "data"}); !m.Is("serial=S") || !m.Is("partlabel=data") || !m.Is("serial=S,partlabel=data") || !m.Is("/dev/sda1") ||
		m.Is("serial=T") || m.Is("serial=S,partlabel=x") || m.Is("/dev/sda") || m.Is("sda1") || m.Is("partlabel=S") || m.Is("serial=data") {
		t.Error("what a text means has changed")
	}
	if m := (Member{Device: "sda"}); m.Is("serial=") || m.Is("partlabel=") || m.Is("") {
		t.Error("an empty word means everything")
	}
	found, complete, err := Find(sys, []string{"/dev/sdb", "/dev/sda"})
	if err != nil || !complete || len(found) != 2 || found[0].Device != "sdb" || found[0].Number != "8:sdb" || found[0].Sectors != 2048 || found[1].Device != "sda" {
		t.Errorf("%+v, %v, %v", found, complete, err)
	}
	if found, complete, err := Find(sys, []string{"/dev/sdb", "/dev/sdx"}); err != nil || complete || len(found) != 1 {
		t.Errorf("one that is missing: %+v, %v, %v", found, complete, err)
	}
	for device, want := range map[string]bool{"sda": true, "sdx": false, "": false, "../sda": false, "sda/..": false, ".": false, "a.b": false} {
		if got := Exists(sys, device); got != want {
			t.Errorf("%q exists: %v", device, got)
		}
	}
	if m := Describe(sys, "sda"); m.Device != "sda" || m.Number != "8:sda" || m.Sectors != 2048 || !m.Busy || m.Super != nil {
		t.Errorf("%+v", m)
	}
	add("sdd", "size", "8")
	if Describe(sys, "sdd").Busy {
		t.Error("what nobody holds is busy")
	}
	if Disk(sys, "sda") != "" || Partitions(sys, "sda") {
		t.Error("a disk lies on a disk, or has partitions")
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		slots []int
		want  string
	}{{[]int{1}, "slot 1"}, {[]int{2, 0}, "slots 0, 2"}} {
		if got := slotWords(tt.slots); got != tt.want {
			t.Errorf("%v: %q", tt.slots, got)
		}
	}
	super := &Superblock{Number: 0, Roles: []int{3}}
	for want, m := range map[string]Member{
		"sda": {Device: "sda"}, "sda (slot 3)": {Device: "sda", Super: super}, "sda (slot 3, at 0:0:1:0, serial S)": {Device: "sda", Super: super, Address: "0:0:1:0", Serial: "S"},
		"sda (spare, serial S)": {Device: "sda", Serial: "S", Super: &Superblock{Roles: []int{RoleSpare}}},
	} {
		if got := m.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, tt := range []struct {
		h       Health
		percent float64
		left    time.Duration
	}{
		{Health{}, 0, 0}, {Health{Done: 1024, Total: 4096, Speed: 512}, 25, 3 * time.Second}, {Health{Done: 4096, Total: 4096, Speed: 512}, 100, 0},
		{Health{Done: 5000, Total: 4096, Speed: 512}, 100 * 5000.0 / 4096, 0}, {Health{Done: 1, Total: 4096}, 100.0 / 4096, 0},
	} {
		if tt.h.Percent() != tt.percent || tt.h.Left() != tt.left {
			t.Errorf("%+v: %v %%, %v left", tt.h, tt.h.Percent(), tt.h.Left())
		}
	}
	for speed, want := range map[uint64]string{10<<10 - 1: "checking 0.0 % at 10239 KiB/s", 10 << 10: "checking 0.0 % at 10 MiB/s"} {
		if got, _, _ := strings.Cut((Health{Action: "check", Total: 1 << 40, Speed: speed}).Progress(), ","); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for total, want := range map[uint64]string{7200: ", 1h0m left", 7199: ", 59m59s left"} {
		if got := (Health{Action: "check", Total: total, Speed: 1}).Progress(); !strings.HasSuffix(got, want) {
			t.Errorf("%q, want …%q", got, want)
		}
	}
	for device, want := range map[int]string{-1: "no slot", 0: "slot 0"} {
		if got := (MemberHealth{Slot: device}).Place(); got != want {
			t.Errorf("%q", got)
		}
	}
	if MemberHealth := (MemberHealth{Slot: -1, State: "spare"}); MemberHealth.Condition() != "spare" {
		t.Error("a spare without a slot is being filled")
	}
	for state, broken := range map[string]bool{"broken": true, "clear": true, "inactive": true, "clean": false, "active": false, "readonly": false} {
		h, err := Examine(tree(map[string]string{"array_state": state, "mismatch_cnt": "128"}), "md_data")
		if err != nil || h.Broken != broken || h.Mismatches != 128 {
			t.Errorf("%s: %+v, %v", state, h, err)
		}
	}
	if _, err := Examine(fstest.MapFS{}, "md_data"); err == nil {
		t.Error("an array that is not there was examined")
	}
}

// The name that fstab knows leads to the device, also where it led to another one before.
func TestLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may have another root")
	}
	if !nettest.Within(t, time.Minute, 0) {
		return
	}
	root := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(root, "dev"), 0o755), unix.Chroot(root), os.Chdir("/")); err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{"md_data", "md_data", "md127"} {
		if err := Link("data", device); err != nil {
			t.Error(err)
		}
		if to, err := os.Readlink("/dev/md/data"); to != "../"+device || err != nil {
			t.Errorf("it leads to %q, %v", to, err)
		}
	}
	if err := errors.Join(os.Remove("/dev/md/data"), os.MkdirAll("/dev/md/data/x", 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := Link("data", "md_data"); err == nil {
		t.Error("what is in the way is no error")
	}
}
