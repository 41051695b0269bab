package send

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/uinit/log/plan"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
)

// send starts to send everything from the first record on to the machine's server. It does not wait
// for the server. Of a spool that is not on a disk it does without.
func (s *sender) send() error {
	host, _ := os.Hostname()
	l, trouble := s.Machine.Now().Log, error(nil)
	if l.Spool != "" && !bounded.OnDisk(filepath.Dir(l.Spool)) && !bounded.OnDisk(l.Spool) {
		trouble = fmt.Errorf("opening the log spool: %s is not on a disk", l.Spool)
		l.Spool = ""
	}
	to, err := syslog.Open(l, syslog.Format{Host: host, Wall: wall, Synced: s.News.ClockSynced.Load}, s.secure)
	if err != nil {
		trouble = err
	}
	if to == nil {
		return trouble
	}
	s.Facts.Fact(plan.Connected.Is(false))
	to.Report = s.reporter(string(l.Remote))
	// Beyond life: the end of a boot is worth reading, too.
	pumping, stop := context.WithCancel(context.WithoutCancel(s.Life))
	sending, hangUp := context.WithCancel(context.WithoutCancel(s.Life))
	s.end, s.done = stop, make(chan struct{})
	s.to.Store(to)
	go func() {
		defer hangUp()
		s.pump(pumping, to)
	}()
	go func() {
		defer close(s.done)
		to.Run(sending)
	}()
	return trouble
}

// reporter tells how things stand with the server.
func (s *sender) reporter(remote string) func(syslog.Status) {
	connected, told := false, false
	return func(st syslog.Status) {
		s.Facts.Fact(plan.Connected.Is(st.Connected))
		s.Facts.Fact(plan.Lost.Is(int64(st.Lost)))
		// Said once: each attempt that fails would be one more record to send.
		switch {
		case st.Connected && !connected:
			s.Log.Info(fmt.Sprintf("log server %s: connected; %d records lost", remote, st.Lost))
			told = false
		case st.Err != nil && !told:
			s.Log.Warn(fmt.Sprintf("log server %s: %v", remote, st.Err))
			told = true
		}
		connected = st.Connected
	}
}

// pump hands over what is in the ring and what comes, until ctx ends and nothing is left.
func (s *sender) pump(ctx context.Context, to *syslog.Sender) {
	for seq := uint64(0); ; {
		batch, missed, err := s.Records.Next(ctx, seq)
		if err != nil {
			return
		}
		if missed > 0 {
			to.Add(syslog.Record{At: syslog.Uptime(), Facility: syslog.Daemon, Severity: syslog.Warning, Program: "uinit",
				Message: fmt.Sprintf("%d records left the ring before they could be sent", missed)})
		}
		for _, rec := range batch {
			to.Add(rec)
		}
		seq = batch[len(batch)-1].Seq
	}
}

// wake tries the server again soon: the network has come up.
func (s *sender) wake() {
	if to := s.to.Load(); to != nil {
		to.Wake()
	}
}

// stop sends, or spools, what is left.
func (s *sender) stop(ctx context.Context) error {
	to := s.to.Load()
	if to == nil {
		return nil
	}
	s.end()
	select {
	case <-s.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.Facts.Fact(plan.Lost.Is(int64(to.Lost())))
	return nil
}

// wall is when something happened so long after the kernel's start, by the clock as it is now.
func wall(at time.Duration) time.Time { return time.Now().Add(at - syslog.Uptime()) }
