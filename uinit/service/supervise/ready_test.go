package supervise

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestReady(t *testing.T) {
	port := spec.Ready{Port: 80, Timeout: spec.Duration(5 * time.Second)}
	for name, tt := range map[string]struct {
		cfg   spec.Service
		life  time.Duration
		after time.Duration // when the sign shows
		took  time.Duration
		err   string
	}{
		"a port that opens":   {cfg: spec.Service{Ready: port}, after: 3 * time.Second, took: 3 * time.Second},
		"a port that doesn't": {cfg: spec.Service{Ready: port}, after: time.Hour, took: 5 * time.Second, err: "not ready within 5s: waiting for port 80"},
		"a file":              {cfg: spec.Service{Ready: spec.Ready{File: "/run/x"}}, after: 0, took: readyPace},
		"an end":              {cfg: spec.Service{Ready: spec.Ready{Exit: true}}, life: 20 * time.Second, took: 20 * time.Second},
		"no sign":             {took: settle},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := supervised(tt.cfg, &fake{life: tt.life})
				begin := time.Now()
				s.deps.Ready = func(spec.Ready) bool { return time.Since(begin) >= tt.after }
				err := s.Run(t.Context())
				if took := time.Since(begin); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if text := errorText(err); text != tt.err {
					t.Errorf("error %q, want %q", text, tt.err)
				}
				_ = s.Stop(context.Background())
			})
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWaitingForReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := supervised(spec.Service{Ready: spec.Ready{Port: 80}}, &fake{})
		s.deps.Ready = func(spec.Ready) bool { return false }
		go func() { _ = s.Run(t.Context()) }()
		time.Sleep(time.Second)
		if got, want := s.Waiting(), "port 80; read /dev/random"; got != want {
			t.Errorf("waits for %q, want %q", got, want)
		}
		_ = s.Stop(context.Background())
	})
}

func TestRestartLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := spec.Service{RestartLimit: 2, RestartWindow: spec.Duration(time.Minute), RestartDelay: spec.Duration(time.Second)}
		s, _ := supervised(cfg, &fake{life: 2 * time.Second, exit: Exit{Code: 3}})
		given := make(chan error, 2)
		s.deps.Tell = func(err error) { given <- err }
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("Run: %v", err)
		}
		for range cfg.RestartLimit + 1 {
			if err := <-given; err != nil {
				t.Errorf("a run that lived was told as %v", err)
			}
		}
		if got, want := errorText(<-given), "restarted 2 times within 1m0s, last: exit status 3"; got != want {
			t.Errorf("gave up: %q, want %q", got, want)
		}
		<-s.ended
		if s.State() != Failed {
			t.Errorf("it is %s", s.State())
		}
	})
}

func TestRestartsFarApart(t *testing.T) {
	l := restartLimit{most: 2, window: time.Minute}
	now := time.Unix(0, 0)
	for i := range 10 {
		if l.reached(now.Add(time.Duration(i) * 30 * time.Second)) {
			t.Errorf("restart %d is one too many, but only two are ever within a minute", i)
		}
	}
}

const socketTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
`

func TestListens(t *testing.T) {
	for port, want := range map[int]bool{22: true, 8080: false, 80: false} {
		if got := listens(strings.NewReader(socketTable), port); got != want {
			t.Errorf("port %d: %v", port, got)
		}
	}
}

func FuzzListens(f *testing.F) {
	f.Add(socketTable, 22)
	f.Add("0: [::]:x y 0A\n", 0)
	f.Fuzz(func(_ *testing.T, table string, port int) { listens(strings.NewReader(table), port) })
}
