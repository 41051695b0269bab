package virtioport

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// names reads n events and returns what they are called.
func names(t *testing.T, r *bufio.Reader, n int) string {
	t.Helper()
	var got []string
	for range n {
		line, err := r.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		e, err := report.ParseEvent(line)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Name)
	}
	return strings.Join(got, " ")
}

func TestEventsWaitForTheirReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Reporter
		r.Send(report.Event{Kind: report.KindFact, Name: "a"})
		r.Send(report.Event{Kind: report.KindFact, Name: "b", Value: func() {}})
		ctx, cancel := context.WithCancel(t.Context())
		in, out := io.Pipe()
		go func() { _ = r.Run(ctx, out) }()
		flushed := make(chan error)
		go func() { flushed <- r.Flush(t.Context()) }()
		host := bufio.NewReader(in)
		if got := names(t, host, 2); got != "a b" {
			t.Errorf("read %q", got)
		}
		if err := <-flushed; err != nil {
			t.Error(err)
		}
		r.Send(report.Event{Kind: report.KindFact, Name: "c"})
		if got := names(t, host, 1); got != "c" {
			t.Errorf("read %q", got)
		}
		cancel()
	})
}

// A host that goes away in the middle of a line reads the whole line when it is back.
func TestAReaderThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Reporter
		r.Send(report.Event{Kind: report.KindFact, Name: "a"})
		gone := errors.New("gone")
		in, out := io.Pipe()
		in.CloseWithError(gone)
		if err := r.Run(t.Context(), out); !errors.Is(err, gone) {
			t.Errorf("Run: %v", err)
		}
		in, out = io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = r.Run(ctx, out) }()
		if got := names(t, bufio.NewReader(in), 1); got != "a" {
			t.Errorf("read %q", got)
		}
		cancel()
	})
}

func TestNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Reporter
		for range backlog + 5 {
			r.Send(report.Event{Kind: report.KindFact})
		}
		if len(r.queue) != backlog || r.dropped != 5 {
			t.Errorf("%d kept, %d dropped", len(r.queue), r.dropped)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: %v", err)
		}
	})
}

func TestControl(t *testing.T) {
	exit := func(n int) *int { return &n }
	for _, tt := range []struct {
		request string
		test    bool
		want    report.Event
	}{
		{`{"id":1,"command":["/bin/echo","a b"]}`, true, report.Event{ID: 1, State: "ok", Exit: exit(0), Output: "a b\n"}},
		{`{"id":2,"command":["/bin/sh","-c","echo no >&2; exit 3"]}`, true, report.Event{ID: 2, State: "ok", Exit: exit(3), Errors: "no\n"}},
		{`{"id":3,"command":["/bin/sh","-c","kill -9 $$"]}`, true, report.Event{ID: 3, State: "ok", Exit: exit(137)}},
		{`{"id":4,"command":["/bin/sh","-c","sleep 1000 | sleep 1000"],"timeout":0.05}`, true,
			report.Event{ID: 4, State: "failed", Exit: exit(137), Message: "not done within 50ms"}},
		{`{"id":5,"command":["/no/such"]}`, true, report.Event{ID: 5, State: "failed", Message: "fork/exec /no/such: no such file or directory"}},
		{`{"id":6,"command":["/bin/true"]}`, false, report.Event{ID: 6, State: "failed", Message: "refused; accepted: from a virtual machine's host, with uinit.test on the kernel line"}},
		{`{"id":7,"power":"poweroff"}`, false, report.Event{ID: 7, State: "failed", Message: "refused; accepted: from a virtual machine's host, with uinit.test on the kernel line"}},
		{`{"id":8,"power":"poweroff"}`, true, report.Event{ID: 8}},
		{`{"id":9,"power":"dance"}`, true, report.Event{ID: 9, State: "failed", Message: "cannot dance"}},
		{`{"id":10}`, true, report.Event{ID: 10, State: "failed", Message: "a request without command, power or ack"}},
	} {
		replies := make(chan report.Event, 1)
		c := &Control{Test: tt.test, Reply: func(e report.Event) { replies <- e }, Power: func(a string) error {
			if a != "poweroff" {
				return errors.New("cannot " + a)
			}
			return nil
		}}
		if err := c.Serve(t.Context(), strings.NewReader(tt.request+"\n")); err != nil {
			t.Fatal(err)
		}
		tt.want.Kind = report.KindReply
		got, _ := json.Marshal(<-replies)
		want, _ := json.Marshal(tt.want)
		if string(got) != string(want) {
			t.Errorf("%s:\n%s, want\n%s", tt.request, got, want)
		}
	}
}

func TestAck(t *testing.T) {
	c := &Control{}
	if err := c.Serve(t.Context(), strings.NewReader("{\"ack\":true}\n\n{\"ack\":true}\n")); err != nil {
		t.Fatal(err)
	}
	<-c.Acked()
}

func TestLongOutputIsCut(t *testing.T) {
	replies := make(chan report.Event, 1)
	c := &Control{Test: true, Reply: func(e report.Event) { replies <- e }}
	_ = c.Serve(t.Context(), strings.NewReader(`{"command":["/bin/sh","-c","head -c 200000 /dev/zero | tr '\\0' x"]}`))
	if e := <-replies; len(e.Output) != 64<<10 || *e.Exit != 0 {
		t.Errorf("%d bytes, exit %v, %s", len(e.Output), e.Exit, e.Message)
	}
}

func TestFindPort(t *testing.T) {
	sys := fstest.MapFS{
		"class/virtio-ports/vport1p0/dev":  {},
		"class/virtio-ports/vport1p1/name": {Data: []byte("org.imgbuild.report\n")},
	}
	if got, err := FindPort(sys, report.PortReport); got != "vport1p1" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := FindPort(sys, report.PortControl); !errors.Is(err, ErrNoPort) {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzControl(f *testing.F) {
	f.Add(`{"id":1,"ack":true}`)
	f.Add("{\"command\":[\"\"]}\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		c := &Control{Reply: func(report.Event) {}}
		_ = c.Serve(t.Context(), strings.NewReader(text))
	})
}
