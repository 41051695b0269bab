package syslog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestTagEdges(t *testing.T) {
	long := strings.Repeat("n", 48)
	for message, want := range map[string]string{
		"sshd[12]: hello": "sshd 12 hello", "sshd: a: b": "sshd 0 a: b", "sshd:hello": "user 0 sshd:hello", ": x": "user 0 : x", "[1]: x": "user 0 [1]: x", "a[1: x": "user 0 a[1: x", "a[x]: y": "user 0 a[x]: y", "a[1]x: y": "user 0 a[1]x: y",
		"two words: x": "user 0 two words: x", "k=v: x": "user 0 k=v: x", "a[2147483647]: x": "a 2147483647 x", "a[2147483648]: x": "user 0 a[2147483648]: x", long + ": x": long + " 0 x", long + "n: x": "user 0 " + long + "n: x", "": "user 0 ",
	} {
		program, pid, text := splitTag(message)
		if got := fmt.Sprintf("%s %d %s", program, pid, text); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	for text, want := range map[string]string{`a\x41b`: "aAb", `\x4`: `\x4`, `\x41`: "A", `\xzz1`: `\xzz1`, `\\x41`: `\A`, `plain\n`: `plain\n`, `\x41\x`: `A\x`} {
		if got := unescape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"6,1,2000,-;text\n KEY=v\n": "0 6 kernel 2µs…", "30,7,5,-,caller=T1;sshd[3]: hi\n": "3 6 sshd", "191,1,1,-;x: y": "23 7 x", "192,1,1,-;x: y": "3 0 x", "6,1,1;x": "", "x,1,1,-;y": "", "6,x,1,-;y": "", "6,1,x,-;y": "", "6,1,9007199254740992,-;y": "", "6,1,9007199254740991,-;y": "0 6 kernel", "65536,1,1,-;y": "",
	} {
		k, err := parseKmsg([]byte(text))
		got := fmt.Sprintf("%d %d %s", k.Facility, k.Severity, k.Program)
		if want, _, _ := strings.Cut(want, " 2µs"); (err != nil) != (want == "") || err == nil && got != want || err != nil && !errors.Is(err, errKmsg) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	if k, err := parseKmsg([]byte("6,18446744073709551615,2000,-;text\n KEY=v\n")); err != nil || k.seq != 1<<64-1 || k.At != 2*time.Millisecond || k.Message != "text" {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestFormatEdges(t *testing.T) {
	f := testFormat(limitStream)
	for number, want := range map[uint64]string{1: `"1"`, 1<<31 - 1: `"2147483647"`, 1 << 31: `"1"`, 1<<32 - 1: `"1"`} {
		if got := string(f.Message(Record{Program: "p", Message: "m"}, number)); !strings.Contains(got, "sequenceId="+want+"]") {
			t.Errorf("number %d: %s", number, got)
		}
	}
	for _, tt := range []struct {
		text  string
		limit int
		want  string
	}{{"", 5, "-"}, {"a b\x7f~!\x00ü", 9, "a_b_~!__"}, {"abcdef", 3, "abc"}, {"abc", 3, "abc"}} {
		if got := name(tt.text, tt.limit); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
	for text, want := range map[string]bool{"": true, "~ !": true, "\x7f": false, "ü": false} {
		if ascii(text) != want {
			t.Errorf("%q is ASCII: %v", text, !want)
		}
	}
	// No message is longer than its way allows, and some of the text always goes.
	for _, limit := range []int{limitUDP, limitStream, 10} {
		got := testFormat(limit).Message(Record{Program: "p", Message: strings.Repeat("x", 20000)}, 1)
		if n := strings.Count(string(got), "x"); limit > 10 && (len(got) > limit || len(got) < limit-len(bom)-80) || n < 60 {
			t.Errorf("limit %d: %d bytes, %d of the text", limit, len(got), n)
		}
	}
	if !(Remote{Scheme: "tcp"}).Stream() || !(Remote{Scheme: "tls"}).Stream() || (Remote{Scheme: "udp"}).Stream() {
		t.Error("frames are for what they are not")
	}
	if s, err := Open(spec.Log{}, f, nil); s != nil || err != nil {
		t.Errorf("without a server: %v, %v", s, err)
	}
	for server, want := range map[spec.LogServer][2]int64{"udp://192.0.2.1:514": {limitUDP, 0}, "tcp://192.0.2.1:601": {limitStream, 1}} {
		s, err := Open(spec.Log{Remote: server, Queue: 1 << 20, Spool: filepath.Join(t.TempDir(), "spool"), SpoolMax: 16 << 20}, f, nil)
		if err != nil || s.queue.limit != 1<<20 || s.queue.spool.limit != 16<<20 || s.Stream != (want[1] == 1) {
			t.Errorf("%s: %+v, %v", server, s, err)
		}
		if got := len(s.queue.format(Record{Program: "p", Message: strings.Repeat("x", 9000)}, 1)); int64(got) > want[0] || int64(got) < want[0]-10 {
			t.Errorf("%s: messages of %d bytes", server, got)
		}
	}
	s, err := Open(spec.Log{Remote: "tcp://192.0.2.1:601", Queue: 5000, SpoolMax: 6000, Spool: t.TempDir()}, f, nil)
	if err != nil || s.queue.limit != 5000 || s.queue.spool.limit != 6000 {
		t.Errorf("as the profile says: %+v, %v", s, err)
	}
}

func TestSegmentNames(t *testing.T) {
	for name, want := range map[string]bool{
		"00000000000000000001-1.syslog": true, "00000000000000000001-65536.syslog": true, "00000000000000000001-65537.syslog": false, "1-1.syslog": false, "00000000000000000001-01.syslog": false, "00000000000000000001.syslog": false,
		"00000000000000000001-1": false, "04611686018427387903-1.syslog": true, "04611686018427387904-1.syslog": false, "x-1.syslog": false, "00000000000000000001--1.syslog": false,
	} {
		if _, ok := parseSegment(name); ok != want {
			t.Errorf("%s is a segment: %v", name, ok)
		}
	}
	dir := t.TempDir()
	put := func(number uint64, count int, size int64) {
		path := filepath.Join(dir, segment{number: number, count: count}.name())
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
	}
	put(7, 2, mostSegment)
	put(3, 1, 10)
	put(9, 1, mostSegment+1)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, ".x.syslog.new"), nil, 0o600), os.WriteFile(filepath.Join(dir, ".keep"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSpool(dir, 1<<20)
	if err == nil || !strings.Contains(err.Error(), "1 of its files are left alone") || s.left() != 2 || s.segments[0].number != 3 || s.segments[1].size != mostSegment || s.last != 9 {
		t.Errorf("%+v, %v", s, err)
	}
	left, _ := os.ReadDir(dir)
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	if slices.Contains(names, ".x.syslog.new") || !slices.Contains(names, ".keep") {
		t.Errorf("left: %q", names)
	}
	// What is written takes the place behind all others; what does not fit goes, the oldest first.
	small, err := OpenSpool(t.TempDir(), 20)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct{ lost, left int }{{0, 1}, {0, 2}, {1, 2}} {
		lost, err := small.write([][]byte{[]byte("12345678")}, 0) // ten bytes with its frame
		if err != nil || lost != tt.lost || small.left() != tt.left || small.last != uint64(i+1) {
			t.Errorf("segment %d: %d lost, %d left, %v", i+1, lost, small.left(), err)
		}
	}
	if info, err := os.Stat(filepath.Join(small.dir, small.segments[0].name())); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if (*Spool)(nil).left() != 0 {
		t.Error("no spool holds something")
	}
}

// The ring holds as much as it may, and what is gone is counted.
func TestRingEdges(t *testing.T) {
	size := Record{Message: "x"}.size()
	r := NewRing(2 * size)
	for range 3 {
		r.Add(Record{Message: "x"})
	}
	for seq, want := range map[uint64][2]uint64{0: {2, 1}, 1: {2, 0}, 2: {1, 0}, 3: {0, 0}, 9: {0, 0}} {
		if records, missed := r.Since(seq); uint64(len(records)) != want[0] || missed != want[1] {
			t.Errorf("since %d: %d records, %d missed; want %v", seq, len(records), missed, want)
		}
	}
	one := NewRing(1)
	one.Add(Record{Message: "a"})
	if records, _ := one.Since(0); len(records) != 1 {
		t.Error("a record that is larger than the ring is not in it")
	}
	if rec := one.Add(Record{Message: "b"}); rec.Seq != 2 {
		t.Errorf("%+v", rec)
	}
	if records, missed := one.Since(0); len(records) != 1 || records[0].Message != "b" || missed != 1 {
		t.Errorf("%+v, %d missed", records, missed)
	}
}

// Frames come back as they were written, up to the first that cannot be one.
func TestUnframe(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "1 a": "a", "1 a2 bc": "a,bc", "3 a": "", "2 a": "", "1 a2 b": "a", "0 ": "", "1 a0 1 b": "a", "x a": "", "-1 a": "", "1a": "", "3 a b": "a b", "2147483648 a": "",
	} {
		var got []string
		for _, m := range unframe([]byte(text)) {
			got = append(got, string(m))
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := unframe([]byte(strings.Repeat("1 a", maxMessages+1))); len(got) != maxMessages {
		t.Errorf("%d messages", len(got))
	}
}

// What a broken connection gives back goes out again first, in its order, and one thing at a time wakes the sender.
func TestPutBack(t *testing.T) {
	q := newQueue(1<<20, nil, testFormat(limitStream).Message)
	awake := func() bool {
		select {
		case <-q.filled:
			return true
		default:
			return false
		}
	}
	if q.putBack(nil); awake() {
		t.Error("nothing wakes the sender")
	}
	for _, m := range []string{"a", "b", "c"} {
		q.push(Record{Message: m})
	}
	a, _ := q.take()
	b, _ := q.take()
	awake()
	if q.putBack([]item{a}); !awake() {
		t.Error("what came back does not wake the sender")
	}
	q.putBack([]item{b})
	var order []string
	for {
		i, ok := q.take()
		if !ok {
			break
		}
		order = append(order, i.record.Message)
		q.done(i)
	}
	if !slices.Equal(order, []string{"b", "a", "c"}) || !q.empty() || q.bytes != 0 {
		t.Errorf("order %q, %d bytes left", order, q.bytes)
	}
	// A queue that is more than half full has something to spill, if there is a spool.
	spool, err := OpenSpool(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		spool   *Spool
		limit   int64
		crowded bool
	}{{spool, 2 * Record{Message: "x"}.size(), false}, {spool, 2*Record{Message: "x"}.size() - 1, true}, {nil, 2, false}} {
		q := newQueue(tt.limit, tt.spool, testFormat(limitStream).Message)
		q.push(Record{Message: "x"})
		select {
		case <-q.crowded:
			if !tt.crowded {
				t.Errorf("%+v is crowded", tt)
			}
		default:
			if tt.crowded {
				t.Errorf("%+v is not crowded", tt)
			}
		}
	}
	// At the limit nothing is lost, one byte above it the oldest is.
	size := Record{Message: "x"}.size()
	for limit, lost := range map[int64]uint64{2 * size: 0, 2*size - 1: 1} {
		q := newQueue(limit, nil, testFormat(limitStream).Message)
		q.push(Record{Message: "x"})
		q.push(Record{Message: "y"})
		if _, got := q.counts(); got != lost {
			t.Errorf("limit %d: %d lost", limit, got)
		}
	}
}
