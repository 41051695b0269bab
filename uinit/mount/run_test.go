package mount

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/holder/holdertest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

// What a row asks for before it is mounted, in order, and what it says that it waits for meanwhile. Devices are plain files here, so
// that the kernel refuses them in the end.
func TestRunAsksFor(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	if err := errors.Join(unix.Mount("tmpfs", "/dev", "tmpfs", 0, "mode=755"), os.MkdirAll("/dev/group", 0o755), os.WriteFile("/dev/disk", make([]byte, 4096), 0o600)); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	for name, tt := range map[string]struct {
		row    spec.Mount
		refuse string
		want   []string
		err    error
	}{
		"what is no device":             {spec.Mount{Source: "tmpfs", Type: "tmpfs"}, "", []string{"load fs-tmpfs"}, nil},
		"a bind":                        {spec.Mount{Source: "/dev/group", Options: []string{"bind"}}, "", []string{"alone /dev/group"}, nil},
		"a bind of a device's name":     {spec.Mount{Source: "/dev/group", Type: "none", Options: []string{"bind"}}, "", []string{"alone /dev/group", "load fs-none"}, nil},
		"a device":                      {spec.Mount{Source: "/dev/disk", Type: "xfs"}, "", []string{"wait: no /dev/disk", "alone /dev/disk", "load fs-xfs"}, unix.ENOTBLK},
		"one that is never there":       {spec.Mount{Source: "/dev/none", Type: "xfs"}, "wait", []string{"wait: no /dev/none"}, no},
		"a member":                      {spec.Mount{Source: "/dev/disk", Type: "xfs"}, "alone", []string{"wait: no /dev/disk", "alone /dev/disk"}, no},
		"one that is made":              {spec.Mount{Source: "/dev/disk", Type: "xfs", Create: true}, "", []string{"wait: no /dev/disk", "alone /dev/disk", "format mount TARGET /dev/disk: the making of a file system on /dev/disk", "load fs-xfs"}, unix.ENOTBLK},
		"one that can't be made":        {spec.Mount{Source: "/dev/disk", Type: "xfs", Create: true}, "format", []string{"wait: no /dev/disk", "alone /dev/disk", "format mount TARGET /dev/disk: the making of a file system on /dev/disk"}, no},
		"a volume":                      {spec.Mount{Source: "lvm:group/volume", Type: "xfs"}, "", []string{"wait: no /dev/group/volume", "activate group", "alone /dev/group/volume", "load fs-xfs"}, unix.ENOTBLK},
		"a group that lacks a disk":     {spec.Mount{Source: "lvm:group/volume", Type: "xfs"}, "activate", []string{"wait: no /dev/group/volume", "activate group", "says no", "activate group", "alone /dev/group/volume", "load fs-xfs"}, unix.ENOTBLK},
		"a file system that is damaged": {spec.Mount{Source: "/dev/disk", Type: "ext4"}, "", []string{"wait: no /dev/disk", "alone /dev/disk"}, errAny},
		"one that nobody may check":     {spec.Mount{Source: "/dev/disk", Type: "ext4", Options: []string{"ro"}}, "", []string{"wait: no /dev/disk", "alone /dev/disk", "load fs-ext4"}, unix.ENOTBLK},
	} {
		if tt.refuse == "activate" || name == "a volume" {
			_ = os.Remove("/dev/group/volume")
		}
		target := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		var rows []string
		var m *Mount
		note := func(what, row string) error {
			if rows = append(rows, row); what == tt.refuse {
				return no
			}
			return nil
		}
		tries := 0
		m = New(target, tt.row, Deps{
			Sys: fstest.MapFS{}, Turns: &Turns{},
			Alone:      func(device string) error { return note("alone", "alone "+device) },
			LoadModule: func(module string) error { return note("load", "load "+module) },
			Format: func(_ context.Context, who, device string) error {
				return note("format", "format "+strings.Replace(who, target, "TARGET", 1)+" "+device+": "+m.Waiting())
			},
			Activate: func(_ context.Context, group string) error {
				if tries++; tries == 1 && tt.refuse == "activate" {
					return note("activate", "activate "+group)
				}
				rows = append(rows, "activate "+group)
				return os.WriteFile("/dev/group/volume", make([]byte, 4096), 0o600)
			},
			Wait: func(_ context.Context, ready func() (bool, error)) error {
				rows = append(rows, "wait: "+m.Waiting())
				for range 2 {
					if ok, err := ready(); ok || err != nil {
						return err
					}
					if tt.refuse == "activate" {
						rows = append(rows, "says "+m.Waiting())
					}
				}
				return no
			},
		})
		if m.Waiting() != "" {
			t.Errorf("%s: it waits for %q before it begins", name, m.Waiting())
		}
		err := m.Run(t.Context())
		if !slices.Equal(rows, tt.want) || (err == nil) != (tt.err == nil) || tt.err != errAny && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, rows, tt.want)
		}
		if at := strings.TrimPrefix(tt.row.Source, "lvm:"); (tt.err == nil || tt.err == unix.ENOTBLK) && m.Waiting() != "mount(2) of "+at && m.Waiting() != "mount(2) of /dev/"+at {
			t.Errorf("%s: in the end it waits for %q", name, m.Waiting())
		}
		if mounted := count(t, target) == 1; mounted != (tt.err == nil) {
			t.Errorf("%s: mounted %v", name, mounted)
		}
		if tt.err == nil { // a second start finds the work of the first
			rows = nil
			if err := m.Run(t.Context()); err != nil || rows != nil || count(t, target) != 1 {
				t.Errorf("%s, again: %v, %q", name, err, rows)
			}
		}
	}
}

// errAny stands for an error that only a person reads.
var errAny = errors.New("any")

// The steps of the way down, and that of a row.
func TestFeature(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	target := filepath.Join(dir, "target")
	lent := featuretest.Deps(t, spec.Machine{Mount: map[string]spec.Mount{target: {Source: t.TempDir(), Options: []string{"bind"}}}})
	lent.Kmod = &kmod.Loader{}
	f := &mounts{Deps: lent}
	if err := f.Step("mount:" + target).Run(t.Context()); err != nil || count(t, target) != 1 {
		t.Errorf("%v, mounted %d times", err, count(t, target))
	}
	if got := f.Step("mount:" + target).Waiting(); got != "" {
		t.Errorf("it waits for %q", got)
	}
	stops := f.Stops()
	if len(stops) != 2 || stops[0].Phase != feature.FileSystems || stops[0].Limit != 10*time.Second || stops[1].Phase != feature.Volumes || stops[1].Limit != 5*time.Second {
		t.Errorf("%+v", stops)
	}
	if err := stops[1].Do(t.Context()); err != nil {
		t.Errorf("no volumes: %v", err)
	}
	// Who would make a file system may not be there; what is made already needs nobody.
	file := fileSystemOf(t, "mke2fs", "-q", "-t", "ext4")
	m := New("/srv", spec.Mount{}, Deps{})
	if err := m.format(t.Context(), file); err != nil {
		t.Errorf("what is made: %v", err)
	}
	if err := errors.Join(os.Truncate(file, 0), os.Truncate(file, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := m.format(t.Context(), file); err == nil {
		t.Error("nobody makes it, and that is no error")
	}
	if err := m.format(t.Context(), file+"none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	mounted, err := Mounts()
	if err != nil || mounted.At(target) == nil {
		t.Errorf("%v, %v", mounted, err)
	}
}

// On the way down all that holds data goes, what the image brings and what holds none stays. Seen from a root of its own, so that
// nothing of this machine's is there.
func TestDetachAll(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	err := error(nil)
	for _, d := range []string{"proc", "lower", "upper", "data", "run"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	if err := errors.Join(err, unix.Chroot(dir), os.Chdir("/")); err != nil {
		t.Fatal(err)
	}
	if err := DetachAll(t.Context()); err == nil {
		t.Error("nobody knows what is mounted, and that is no error")
	}
	if err := errors.Join(unix.Mount("proc", "/proc", "proc", 0, ""), unix.Mount("tmpfs", "/run", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("overlay", "/data", "overlay", unix.MS_RDONLY, "lowerdir=/lower:/upper"); err != nil {
		t.Skipf("no file system to be had that holds data: %v", err)
	}
	if err := DetachAll(t.Context()); err != nil || count(t, "/data") != 0 || count(t, "/run") != 1 {
		t.Errorf("%v; what holds data is mounted %d times, what holds none %d", err, count(t, "/data"), count(t, "/run"))
	}
}

// All are unmounted, one after the other, also after one that fails; one that does not answer ends it.
func TestDetachOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin, no := time.Now(), errors.New("no")
		var did []string
		err := each(ctx, []string{"/a", "/b", "/c", "/d"}, func(target string) error {
			did = append(did, target)
			switch target {
			case "/a":
				time.Sleep(time.Second)
			case "/b":
				return no
			case "/c":
				time.Sleep(time.Hour)
			}
			return nil
		})
		if took := time.Since(begin); !slices.Equal(did, []string{"/a", "/b", "/c"}) || took != time.Minute || !errors.Is(err, no) || !strings.HasSuffix(err.Error(), "/c: no answer") {
			t.Errorf("%q after %v: %v", did, took, err)
		}
		if err := each(t.Context(), []string{"/a"}, func(string) error { return nil }); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
	})
}

// A device that somebody looks at is waited for, for a second.
func TestBusyForAMoment(t *testing.T) {
	for _, tt := range []struct {
		free time.Duration
		then error
		took time.Duration
		err  error
	}{{0, nil, 0, nil}, {0, unix.EINVAL, 0, unix.EINVAL}, {120 * time.Millisecond, nil, 150 * time.Millisecond, nil}, {time.Second, nil, time.Second, nil}, {1001 * time.Millisecond, nil, 1050 * time.Millisecond, nil}, {time.Hour, nil, 1050 * time.Millisecond, unix.EBUSY}} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			err := patiently(func() error {
				if time.Since(begin) < tt.free {
					return unix.EBUSY
				}
				return tt.then
			})
			if took := time.Since(begin); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || took != tt.took {
				t.Errorf("free after %v: %v after %v, want %v after %v", tt.free, err, took, tt.err, tt.took)
			}
		})
	}
}

func TestBesides(t *testing.T) {
	of := func(kinds ...holder.Kind) (all []holder.Holder) {
		for _, k := range kinds {
			all = append(all, holder.Holder{Kind: k})
		}
		return all
	}
	for _, tt := range []struct {
		by, left []holder.Holder
		mounted  bool
	}{
		{of(), of(), false}, {of(holder.Mount), of(), true}, {of(holder.Process), of(holder.Process), false}, {of(holder.Process, holder.Mount), of(), true},
		{of(holder.Share, holder.Process), of(holder.Share, holder.Process), false}, {of(holder.Share, holder.Process, holder.Mount), of(holder.Share), true},
	} {
		if mounted, left := besides(slices.Clone(tt.by)); mounted != tt.mounted || !slices.Equal(left, tt.left) {
			t.Errorf("%v: %v, left %v", tt.by, mounted, left)
		}
	}
	// Who only reads may have what others read.
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	holdertest.Guest(t, file, os.O_RDONLY)
	for _, options := range [][]string{nil, {"ro"}} {
		m := New("/srv", spec.Mount{Type: "xfs", Options: options}, Deps{})
		if mounted, err := m.unheld(file); mounted || (err == nil) != (options != nil) {
			t.Errorf("%q: %v, %v", options, mounted, err)
		}
	}
}

// One device is one row's at a time, by whichever name; others, and what is no device, are not waited for.
func TestTurns(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("nodes of devices are root's")
	}
	dir := t.TempDir()
	node := func(name string, minor uint32) string {
		file := filepath.Join(dir, name)
		if err := unix.Mknod(file, unix.S_IFBLK|0o600, int(unix.Mkdev(7, minor))); err != nil {
			t.Fatal(err)
		}
		return file
	}
	one, same, other := node("one", 4001), node("same", 4001), node("other", 4002)
	var turns Turns
	done, err := turns.take(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("late")
	over, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := turns.take(over, same); !errors.Is(err, gone) {
		t.Errorf("two have it: %v", err)
	}
	for _, free := range []string{other, dir, filepath.Join(dir, "none"), "/dev/null"} {
		leave, err := turns.take(over, free)
		if err != nil {
			t.Errorf("%s: %v", free, err)
			continue
		}
		leave()
	}
	next := make(chan error)
	go func() {
		leave, err := turns.take(t.Context(), same)
		if err == nil {
			leave()
		}
		next <- err
	}()
	done()
	if err := <-next; err != nil {
		t.Error(err)
	}
	if again, err := turns.take(over, one); err != nil {
		t.Errorf("it is never free again: %v", err)
	} else {
		again()
	}
}

// A file is read from a file system that nobody mounts, and nothing is written there.
func TestPrivate(t *testing.T) {
	device, file := loopDevice(t)
	text := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(text, []byte("hostname = \"box\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "mke2fs", "-q", "-t", "ext4", device)
	tool(t, "debugfs", "-w", "-R", "write "+text+" site.toml", device)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind, name string
		limit      int64
		err        error
	}{{"ext4", "site.toml", 17, nil}, {"ext4", "none.toml", 17, os.ErrNotExist}, {"ext4", "site.toml", 16, errAny}, {"nosuchfs", "site.toml", 17, unix.ENODEV}, {"xfs", "site.toml", 17, errAny}} {
		var got []byte
		root, err := Private(device, tt.kind)
		if err == nil {
			got, err = bounded.ReadIn(int(root.Fd()), tt.name, tt.limit)
			root.Close()
		}
		if (err == nil) != (tt.err == nil) || tt.err != errAny && !errors.Is(err, tt.err) || err == nil && string(got) != "hostname = \"box\"\n" {
			t.Errorf("%s of %s up to %d: %q, %v", tt.name, tt.kind, tt.limit, got, err)
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("something was written: %v", err)
	}
}

// An image without a /usr of its own, or with one that is mounted, is left alone; without drivers nothing is tried.
func TestAttachUsr(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	err := error(nil)
	for _, d := range []string{"proc", "early", "usr/bin", "dev"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	if err := errors.Join(err, unix.Mount("proc", dir+"/proc", "proc", 0, ""), unix.Chroot(dir), os.Chdir("/")); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	try := func(refused string) (rows []string, tried bool, err error) {
		tried, err = AttachUsr(func(root, module string) error {
			if rows = append(rows, root+" "+module); module == refused {
				return no
			}
			return nil
		})
		return rows, tried, err
	}
	if rows, tried, err := try(""); rows != nil || tried || err != nil {
		t.Errorf("without an image: %q, %v, %v", rows, tried, err)
	}
	if err := os.WriteFile(spec.UsrImage, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"loop", "squashfs"} {
		if rows, tried, err := try(module); !slices.Equal(rows, []string{" loop", " squashfs"}) || !tried || !errors.Is(err, no) {
			t.Errorf("without %s: %q, %v, %v", module, rows, tried, err)
		}
	}
	if rows, tried, err := try(""); len(rows) != 2 || !tried || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without loop devices: %q, %v, %v", rows, tried, err)
	}
	if err := unix.Mount("tmpfs", "/usr", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	if rows, tried, err := try(""); rows != nil || tried || err != nil {
		t.Errorf("with one that is mounted: %q, %v, %v", rows, tried, err)
	}
}

// Members that answer are told of while others are waited for.
func TestWaitingTellsOfMembers(t *testing.T) {
	sys := fstest.MapFS{"class/block/vda1/size": {Data: []byte("8\n")}, "class/block/vda1/partition": {Data: []byte("1\n")}, "class/block/vda1/holders": {Mode: os.ModeDir}, "class/block/vda1/uevent": {Data: []byte("PARTNAME=state\n")}}
	m := New("/srv", spec.Mount{Source: "PARTLABEL=state"}, Deps{Sys: sys, Alone: func(string) error { return errors.New("a member\nof data") }})
	if device, err := m.find(ParseSource("PARTLABEL=state")); device != "" || err != nil || m.Waiting() != "no partition labelled state: a member; of data" {
		t.Errorf("%q, %v, waits for %q", device, err, m.Waiting())
	}
}
