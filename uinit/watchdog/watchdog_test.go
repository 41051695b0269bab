package watchdog

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// fake is a watchdog on the test's clock; it prints what it is told.
type fake struct {
	begin time.Time
	most  time.Duration
	seen  []string
}

func (f *fake) note(what string) {
	f.seen = append(f.seen, fmt.Sprintf("%v %s", time.Since(f.begin), what))
}
func (f *fake) SetTimeout(t time.Duration) (time.Duration, error) {
	f.note("timeout " + t.String())
	return min(t, f.most), nil
}
func (f *fake) Feed() error   { f.note("feed"); return nil }
func (f *fake) Disarm() error { f.note("disarm"); return nil }

func TestRun(t *testing.T) {
	sick := errors.New("a lock is held")
	for _, tt := range []struct {
		name string
		well func(ctx context.Context, since time.Duration) error // nil hangs after 5 s
		want []string
		log  []string
	}{
		{"well", func(context.Context, time.Duration) error { return nil },
			[]string{"0s timeout 1m0s", "0s feed", "8s feed", "16s feed", "24s feed", "32s feed", "40s feed", "45s disarm"}, nil},
		{"sick for a while", func(_ context.Context, since time.Duration) error {
			if since > 5*time.Second && since < 25*time.Second {
				return sick
			}
			return nil
		}, []string{"0s timeout 1m0s", "0s feed", "32s feed", "40s feed", "45s disarm"},
			[]string{"not well, so the watchdog goes hungry and will restart the machine within 32s: a lock is held", "well again; feeding the watchdog"}},
		{"hangs for ever", nil, []string{"0s timeout 1m0s", "0s feed", "45s disarm"},
			[]string{"not well, so the watchdog goes hungry and will restart the machine within 32s: no answer within 8s"}},
		{"panics", func(context.Context, time.Duration) error { panic("oh") },
			[]string{"0s timeout 1m0s", "45s disarm"},
			[]string{"not well, so the watchdog goes hungry and will restart the machine within 32s: panic: oh"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{begin: time.Now(), most: 32 * time.Second}
				dog, took, err := Start(f, time.Minute)
				if err != nil || took != 32*time.Second {
					t.Fatalf("Start: %v, %v", took, err)
				}
				var log []string
				dog.Log = func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
				well, release := tt.well, make(chan struct{})
				if well == nil {
					well = func(_ context.Context, since time.Duration) error {
						if since > 5*time.Second {
							<-release
						}
						return nil
					}
				}
				dog.Well = func(ctx context.Context) error { return well(ctx, time.Since(f.begin)) }
				ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
				defer cancel()
				if err := dog.Run(ctx); err != nil {
					t.Error(err)
				}
				close(release)
				if !reflect.DeepEqual(f.seen, tt.want) || !reflect.DeepEqual(log, tt.log) {
					t.Errorf("got  %q\n     %q\nwant %q\n     %q", f.seen, log, tt.want, tt.log)
				}
			})
		})
	}
}

func TestFind(t *testing.T) {
	sys := func(identities ...string) fstest.MapFS {
		m := fstest.MapFS{}
		for i, text := range identities {
			m[fmt.Sprintf("class/watchdog/watchdog%d/identity", i)] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
		return m
	}
	many := make([]string, 11)
	for i := range many {
		many[i] = "Software Watchdog"
	}
	many[10] = "iTCO_wdt"
	for _, tt := range []struct {
		sys  fstest.MapFS
		want string
	}{
		{sys("i6300ESB timer"), "watchdog0"}, {sys("Software Watchdog", "iTCO_wdt", "hpwdt"), "watchdog1"},
		{sys("Software Watchdog"), "watchdog0"}, {sys(many...), "watchdog10"},
	} {
		if got, _, err := Find(tt.sys); err != nil || got != tt.want {
			t.Errorf("%v: %q, %v; want %q", tt.sys, got, err, tt.want)
		}
	}
	if _, _, err := Find(fstest.MapFS{}); !errors.Is(err, ErrNone) {
		t.Errorf("none: %v", err)
	}
}
