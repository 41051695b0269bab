package syslog

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What others have put into the spool is left alone, and what can be kept beside it is.
func TestHostileSpool(t *testing.T) {
	dir := t.TempDir()
	name := func(number uint64, count int) string { return dir + "/" + segment{number: number, count: count}.name() }
	target := dir + "/target"
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(unix.Mkfifo(name(1, 1), 0o600), unix.Mknod(name(2, 1), unix.S_IFSOCK|0o600, 0), os.Mkdir(name(3, 1), 0o700),
		os.WriteFile(target, []byte("1 x"), 0o600), os.Symlink(target, name(4, 1)), os.Symlink("/dev/zero", name(5, 1)),
		os.WriteFile(name(6, 1), nil, 0o600), os.Truncate(name(6, 1), 500<<30),
		os.WriteFile(dir+"/18446744073709551615-1.syslog", []byte("1 x"), 0o600), os.WriteFile(dir+"/00000000000000000001-2000000000.syslog", []byte("1 x"), 0o600),
		os.WriteFile(name(8, 1), []byte(strings.Repeat("1 x", 1<<20)), 0o600), // a million messages of one octet
		unix.Mkfifo(dir+"/.00000000000000000010-1.syslog.new", 0o600), os.Mkdir(dir+"/.00000000000000000011-1.syslog.new", 0o700),
		os.Symlink(target, dir+"/.00000000000000000009-1.syslog.new"))
	s, err := OpenSpool(dir, 16<<20)
	if s == nil || err == nil || !strings.Contains(err.Error(), "6 of its files are left alone") || s.left() != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	if messages, lost := s.oldest(); len(messages) != maxMessages || lost != 0 {
		t.Errorf("%d messages, %d lost", len(messages), lost)
	}
	if lost, err := s.write([][]byte{[]byte("mine")}, 0); err != nil || lost != 0 {
		t.Errorf("%d lost, %v", lost, err)
	}
	s.drop()
	if messages, lost := s.oldest(); len(messages) != 1 || string(messages[0]) != "mine" || lost != 0 || s.segments[0].number != 9 {
		t.Errorf("%q, %d lost, %+v", messages, lost, s.segments)
	}
	if text, err := os.ReadFile(target); string(text) != "1 x" {
		t.Errorf("what a link led to is now %q, %v", text, err)
	}
}

func TestSpoolOfTooManyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range maxEntries + 1 {
		if err := os.WriteFile(fmt.Sprint(dir, "/", i), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := OpenSpool(dir, 1<<20); s != nil || err == nil || !strings.Contains(err.Error(), "has more than 4096 entries") {
		t.Errorf("%v, %v", s, err)
	}
}

// A segment holds no more than is read back.
func TestSpillMakesSegmentsOfBoundedSize(t *testing.T) {
	s, err := OpenSpool(t.TempDir(), 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue(64<<20, s, testFormat(limitStream).Message)
	const n = 5000
	for range n {
		q.push(Record{Program: "probe", Message: strings.Repeat("x", 1000)})
	}
	taken, _ := q.take()
	q.putBack([]item{taken}) // a connection broke
	if err := q.spill(true); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, seg := range s.segments {
		if kept += seg.count; seg.size > mostSegment || seg.count > maxMessages {
			t.Errorf("%+v", seg)
		}
	}
	if waiting, lost := q.counts(); kept != n || waiting != 0 || lost != 0 || s.left() < 5 || q.bytes != 0 {
		t.Errorf("%d kept in %d segments, %d waiting, %d lost, %d bytes", kept, s.left(), waiting, lost, q.bytes)
	}
}

func FuzzSpool(f *testing.F) {
	f.Add("00000000000000000001-3.syslog", []byte("1 a2 bb3 ccc"))
	f.Add("00000000000000000001-3.syslog", []byte("9999999999 a"))
	f.Add(".00000000000000000001-3.syslog", []byte(""))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		dir := t.TempDir()
		if strings.ContainsAny(name, "/\x00") || len(name) > 255 || os.WriteFile(dir+"/"+name, text, 0o600) != nil {
			return
		}
		s, err := OpenSpool(dir, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for s.left() > 0 {
			if messages, lost := s.oldest(); lost < 0 || len(messages) > len(text) {
				t.Errorf("%d messages, %d lost", len(messages), lost)
			}
			s.drop()
		}
	})
}
