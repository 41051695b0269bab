package progress

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinesTellOfSlowStepsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := &Lines{W: &out}
		l.Step("quick", 0).Done(nil)
		s := l.Step("compiling uinit", 0)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		s.Done(nil)
		f := l.Step("unpacking", 0)
		time.Sleep(90 * time.Second)
		f.Done(errors.New("interrupted"))
		f.Done(nil)
		// What goes on is told of again and again, but where another step says something meanwhile.
		want := "compiling uinit …\ncompiling uinit: 2.0 s\nunpacking …\n"
		for second := 5; second < 90; second += 4 {
			want += "unpacking … " + Seconds(time.Duration(second)*time.Second) + "\n"
		}
		want += "unpacking: stopped after 1 min 30 s\n"
		if out.String() != want {
			t.Errorf("got\n%s\nwant\n%s", out.String(), want)
		}
	})
}

// Steps side by side are no reason for a line of each: it is silence that is filled.
func TestLinesFillSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := &Lines{W: &out}
		a, b := l.Step("a", 0), l.Step("b", 0)
		time.Sleep(3 * time.Second)
		l.Note("note")
		time.Sleep(6 * time.Second)
		a.Done(nil)
		b.Done(nil)
		synctest.Wait()
		if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 6 || lines[2] != "note" || !strings.HasSuffix(lines[3], " … 7.0 s") {
			t.Errorf("%q", lines)
		}
	})
}

func TestBarFitsTheTerminal(t *testing.T) {
	start := time.Unix(0, 0)
	s := &bar{name: "downloading linux-image-6.1.0-44-amd64-with-a-long-name", start: start, done: 30, total: 60}
	line := s.line(start.Add(1500*time.Millisecond), 60)
	if n := len([]rune(line)); n > 60 {
		t.Errorf("%d columns in %q", n, line)
	}
	if !strings.Contains(line, " 50 %") || !strings.HasSuffix(line, "1.5 s") {
		t.Errorf("line %q lacks its share or its time", line)
	}
}

func TestBarsLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := NewBars(&out, func() int { return 80 }, false)
		s := b.Step("compressing", 10)
		time.Sleep(1250 * time.Millisecond)
		s.Add(10)
		s.Done(nil)
		if got := out.String(); !strings.HasSuffix(got, "\r\x1b[1A\x1b[J✓ compressing  1.2 s\n") && !strings.HasSuffix(got, "\r\x1b[1A\x1b[J✓ compressing  1.3 s\n") {
			t.Errorf("screen ends in %q", got)
		}
	})
}

func TestBytesHaveRateAndTimeLeft(t *testing.T) {
	start := time.Unix(0, 0)
	s := &bar{name: "writing", start: start, done: 30e6, total: 90e6, bytes: true}
	if line := s.line(start.Add(2*time.Second), 90); !strings.HasSuffix(line, " 33 %  2.0 s, 15.0 MB/s, 4.0 s left") {
		t.Errorf("line %q", line)
	}
	for _, c := range []struct{ done, total int64 }{{0, 90}, {90, 90}, {91, 90}, {5, 0}} {
		if left, ok := remaining(c.done, c.total, time.Minute); ok {
			t.Errorf("%d of %d: %s left", c.done, c.total, left)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := Bytes(&Lines{W: &out}, "writing", 90e6)
		time.Sleep(2 * time.Second)
		s.Add(90e6)
		s.Done(nil)
		if want := "writing …\nwriting: 2.0 s, 45.0 MB/s\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
		// A reporter that knows no bytes still gets the step.
		Bytes(Discard, "writing", 1).Done(nil)
	})
}
