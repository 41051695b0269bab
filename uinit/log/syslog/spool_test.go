package syslog

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestSpoolDropsTheOldest(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSpool(dir, 250)
	if err != nil {
		t.Fatal(err)
	}
	hundred := []byte(strings.Repeat("x", 96)) // 100 with its frame
	var lost int
	for range 4 {
		n, err := s.write([][]byte{hundred[:46], hundred[:46]}, 0) // two of 49
		if err != nil {
			t.Fatal(err)
		}
		lost += n
	}
	if lost != 4 || s.left() != 2 {
		t.Errorf("%d lost, %d segments", lost, s.left())
	}
	// The segment that is being sent is not taken away.
	if n, err := s.write([][]byte{hundred}, 1); err != nil || n != 2 || s.segments[0].number != 3 {
		t.Errorf("%d lost, %v, segments %v", n, err, s.segments)
	}
}

func TestSpoolAfterACrash(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSpool(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"a", "b", "c"} {
		if _, err := s.write([][]byte{[]byte(m), []byte(m + m), []byte(m + m + m)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(dir+"/."+segment{number: 9, count: 1}.name(), []byte("1"), 0o600))
	must(os.WriteFile(dir+"/README", nil, 0o600))
	must(os.Truncate(dir+"/"+s.segments[0].name(), 5))
	must(os.Truncate(dir+"/"+s.segments[1].name(), 0))
	again, err := OpenSpool(dir, 1<<20)
	if err != nil || again.left() != 3 {
		t.Fatalf("%d segments, %v", again.left(), err)
	}
	q := newQueue(1<<20, again, testFormat(limitStream).Message)
	var got []string
	for {
		i, ok := q.take()
		if !ok {
			break
		}
		got = append(got, string(q.text(i)))
		q.done(i)
	}
	// Two of the first segment and all of the second can't be read any more.
	// The server is told of the first two at once, and of the others a second later.
	if len(got) != 5 || !strings.HasSuffix(got[0], "2 log records were lost before they could be sent") ||
		!slices.Equal(got[1:], []string{"a", "c", "cc", "ccc"}) {
		t.Errorf("got %q", got)
	}
	if _, lost := q.counts(); lost != 5 {
		t.Errorf("%d lost, want 5", lost)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 || entries[0].Name() != "README" {
		t.Errorf("left %v", entries)
	}
}

func TestSpoolThatFails(t *testing.T) {
	dir := t.TempDir() + "/spool"
	s, err := OpenSpool(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	q := newQueue(10*Record{Message: "x"}.size(), s, testFormat(limitStream).Message)
	for range 15 {
		q.push(Record{Message: "x"})
	}
	if err := q.spill(false); err == nil {
		t.Error("writing to a directory that is gone worked")
	}
	if waiting, lost := q.counts(); waiting != 10 || lost != 5 {
		t.Errorf("%d waiting, %d lost; want 10 and 5", waiting, lost)
	}
}
