package md

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/nettest"
)

// at is a superblock that says of itself where it lies.
func at(sector uint64) []byte {
	b := made{roles: []int{0, 1}, level: 1, slots: 2}.super()
	binary.LittleEndian.PutUint64(b[144:], sector)
	resum(b)
	return b
}

// One superblock that is whole holds, whatever else lies about; of two that are nobody knows which.
func TestReadOneOfSeveral(t *testing.T) {
	const n = 4096
	bad := at(8)
	bad[200] ^= 1
	for name, tt := range map[string]struct {
		blocks  map[uint64][]byte
		sectors uint64
		version string
		err     error
	}{
		"one":                       {map[uint64][]byte{8: at(8)}, n, "1.2", nil},
		"two":                       {map[uint64][]byte{8: at(8), n - 16: at(n - 16)}, n, "", ErrDamaged},
		"a damaged one":             {map[uint64][]byte{8: bad}, n, "", ErrDamaged},
		"a damaged one and another": {map[uint64][]byte{8: bad, n - 16: at(n - 16)}, n, "1.0", nil},
		"of another place":          {map[uint64][]byte{8: at(16)}, n, "", ErrNone},
		"a device of the least":     {map[uint64][]byte{8: at(8)}, 256, "1.2", nil},
		"a smaller one":             {map[uint64][]byte{8: at(8)}, 255, "", ErrNone},
		"it ends before it says":    {map[uint64][]byte{8: at(8)}, 2 * n, "", io.EOF},
	} {
		b := make([]byte, n*512)
		for sector, block := range tt.blocks {
			copy(b[sector*512:], block)
		}
		s, err := Read(bytes.NewReader(b[:min(n, tt.sectors)*512]), tt.sectors)
		if !errors.Is(err, tt.err) || (err == nil) != (tt.version != "") || err == nil && s.Version != tt.version {
			t.Errorf("%s: %+v, %v; want %q, %v", name, s, err, tt.version, tt.err)
		}
	}
}

// A disk is known by its serial number and place, a partition by its label as well; what holds a disk, or nobody may open,
// is told; a member of an array that runs is no member to be had.
func TestLookDescribes(t *testing.T) {
	if have, err := Look(&alone.Disks{Sys: fstest.MapFS{}}, nil); err != nil || have.Members != nil {
		t.Errorf("before the first disk: %+v, %v", have, err)
	}
	if _, err := Look(&alone.Disks{Sys: fstest.MapFS{"class/block": &fstest.MapFile{}}}, nil); err == nil {
		t.Error("what cannot be listed is no error")
	}
	const n = 4096
	marks := map[int64][]byte{4096: at(8)}
	disks := machine(t, map[string]map[int64][]byte{"sda": marks, "sdb": {}, "sdb/sdb1": marks, "sdc": marks, "sdd": marks, "sde": marks, "sr0": marks},
		map[string]int64{"sda": n, "sdb": n, "sdb/sdb1": n, "sdc": n, "sdd": n, "sde": n, "sr0": n})
	open := disks.Open
	disks.Open = func(name string) (alone.Device, error) {
		if name == "sdd" {
			return nil, os.ErrPermission
		}
		return open(name)
	}
	sys, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(sys, disks.Sys); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(sys, "class/block", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	disks.Sys = os.DirFS(sys)
	for name, number := range map[string]string{"sda": "8:0", "sdb": "8:16", "sdb1": "8:17"} {
		put(name+"/dev", number)
	}
	for name, serial := range map[string]string{"sda": "A1", "sdb": "B2"} {
		put(name+"/serial", serial)
	}
	put("sdb1/uevent", "DEVTYPE=partition\nPARTNAME=data\nPARTUUID=1")
	put("sda/uevent", "PARTNAME=no")
	put("sda/holders/dm-0/x", "")
	put("md7/md/array_state", "clean")
	put("md7/md/dev-sdc/state", "in_sync")
	have, err := System{Disks: disks}.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range have.Members {
		have.Members[i].Super = nil
	}
	if want := []Member{{Device: "sda", Number: "8:0", Sectors: n, Serial: "A1", Busy: true}, {Device: "sdb1", Number: "8:17", Sectors: n, Serial: "B2", Label: "data"}, {Device: "sde", Sectors: n}}; !slices.Equal(have.Members, want) {
		t.Errorf("members %+v\nwant %+v", have.Members, want)
	}
	if len(have.Running) != 1 || have.Running[0].Device != "md7" || !slices.Equal(have.Running[0].Members, []string{"sdc"}) {
		t.Errorf("running %+v", have.Running)
	}
	if keys := slices.Collect(maps.Keys(have.Unreadable)); !slices.Equal(keys, []string{"sdd"}) || !errors.Is(have.Unreadable["sdd"], os.ErrPermission) {
		t.Errorf("unreadable %v", have.Unreadable)
	}
	// A serial number alone means the disk, and not what lies on it; two that answer are an error.
	put("sde/serial", "A1")
	for _, tt := range []struct {
		text, want string
		fails      bool
	}{{"serial=B2", "sdb", false}, {"serial=B2,partlabel=data", "sdb1", false}, {"partlabel=data", "sdb1", false}, {"/dev/sdb1", "sdb1", false}, {"serial=A1", "", true}, {"serial=C3", "", false}} {
		found, complete, err := Find(disks.Sys, []string{tt.text})
		if (err != nil) != tt.fails || complete != (tt.want != "") || complete && found[0].Device != tt.want {
			t.Errorf("%s: %+v, %v, %v", tt.text, found, complete, err)
		}
	}
	if m := Describe(disks.Sys, "sdb1"); m != (Member{Device: "sdb1", Number: "8:17", Sectors: n, Serial: "B2", Label: "data"}) {
		t.Errorf("%+v", m)
	}
	if Disk(disks.Sys, "sdb1") != "sdb" || Disk(disks.Sys, "sdb") != "" || !Partitions(disks.Sys, "sdb") || Partitions(disks.Sys, "sda") {
		t.Error("what lies on a disk is not known")
	}
}

// The driver is told of members whose disks are gone, and of nobody else. One that it called faulty before, by a write of its own that
// failed a moment ago, is gone as well.
func TestDropLostTellsTheKernel(t *testing.T) {
	sys := tree(map[string]string{"array_state": "clean", "dev-sda/state": "in_sync", "dev-sdb/state": "in_sync,write_mostly", "dev-sdc/state": "faulty,blocked", "bitmap/x": ""})
	sys["class/block/sda/size"] = &fstest.MapFile{Data: []byte("1\n")}
	busy := &recorder{refuse: map[string]error{"dev-sdc/state=faulty": unix.EBUSY, "dev-sdc/state=remove": unix.EBUSY}}
	dropped := dropLost(sys, "md_data", busy.put)
	if want := []string{"dev-sdb/state=faulty", "dev-sdb/state=remove", "dev-sdc/state=faulty", "dev-sdc/state=remove"}; !slices.Equal(busy.rows, want) || !slices.Equal(dropped, []string{"sdb", "sdc"}) {
		t.Errorf("%q is dropped by %q, want sdb and sdc by %q", dropped, busy.rows, want)
	}
	r := &recorder{refuse: map[string]error{"sync_action=check": unix.EBUSY}}
	if err := check("md_data", r.put); !errors.Is(err, unix.EBUSY) || !slices.Equal(r.rows, []string{"sync_action=check"}) {
		t.Errorf("a check: %v, %q", err, r.rows)
	}
}

// Whether the kernel has arrays or not, a watch ends with an error that says why.
func TestWatchOfTheKernel(t *testing.T) {
	over := errors.New("going down")
	ctx, cancel := context.WithCancelCause(t.Context())
	looks := 0
	cancel(over)
	if err := Watch(ctx, func() bool { looks++; return false }); !errors.Is(err, over) && !errors.Is(err, os.ErrNotExist) || looks > 0 {
		t.Errorf("%v after %d looks", err, looks)
	}
	if err := watch(t.Context(), mdstat(-1), func() bool { looks++; return true }); !errors.Is(err, unix.EBADF) || looks > 0 {
		t.Errorf("a file that is not open: %v after %d looks", err, looks)
	}
	if pause(true) != time.Second || pause(false) != time.Minute {
		t.Error("how often it looks has changed")
	}
}

// Starting what is not to start is a mistake of ours.
func TestStartOnlyWhatIsToStart(t *testing.T) {
	for name, op := range map[string]Op{"nobody": {Action: Start}, "kept": func() Op { o := startOf(1, false); o.Action = Keep; return o }()} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it started", name)
				}
			}()
			_ = System{LoadModule: func(string) error { return os.ErrInvalid }}.Start(t.Context(), op)
		}()
	}
}

// A machine's own kernel is told by files.
func TestFilesOfTheKernel(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWUSER|unix.CLONE_NEWNS) {
		return
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/sys", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	files := []string{"/sys/module/md_mod/parameters/new_array", "/sys/block/md_data/md/metadata_version", "/sys/block/md_data/md/new_dev", "/sys/block/md_data/md/array_state", "/sys/block/md_data/md/sync_action", "/sys/block/md_data/md/dev-sdb/state"}
	for _, file := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := (System{LoadModule: func(string) error { return nil }}).Start(t.Context(), startOf(1, false)); err != nil {
		t.Error(err)
	}
	if err := Check("md_data"); err != nil {
		t.Error(err)
	}
	sys := tree(map[string]string{"dev-sdb/state": "in_sync"})
	if dropped := DropLost(sys, "md_data"); !slices.Equal(dropped, []string{"sdb"}) {
		t.Errorf("dropped %q", dropped)
	}
	if err := Stop("md_data"); err != nil {
		t.Error(err)
	}
	// A word is written over the one before; the kernel takes each by itself.
	for i, want := range []string{"md_data", "1.2", "8:16", "cleare", "check", "remove"} {
		if got, err := os.ReadFile(files[i]); string(got) != want {
			t.Errorf("%s: %q, %v; want %q", files[i], got, err, want)
		}
	}
}
