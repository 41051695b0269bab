package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/log/journal"
	"github.com/imgbuild/imgbuild/uinit/ssh"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// echo is the facility (local0, RFC 5424) under which services' lines are written to the
// kernel's log. It tells them apart when they come back from there: the ring has them already,
// without the kernel log's limits.
const echo = 16

// records keeps what the kernel, uinit and the services say, and sends it to a log server.
type records struct {
	*feature.Deps
	ring *journal.Ring

	sender atomic.Pointer[journal.Sender]
	// end stops the sending; done is closed when it is over.
	end  context.CancelFunc
	done chan struct{}
}

// defaultRing is the profile reference's.
const defaultRing = 1 << 20

func newRecords(d *feature.Deps) *records {
	limit := int64(d.Machine.Now().Log.Ring)
	if limit == 0 {
		limit = defaultRing
	}
	return &records{Deps: d, ring: journal.NewRing(limit)}
}

// readKernel takes the kernel's log in, for as long as there is a worker.
func (r *records) readKernel() {
	err := journal.ReadKernel(context.Background(), journal.KernelLog, func(rec journal.Record) {
		if rec.Facility != echo {
			r.ring.Add(rec)
		}
	})
	if err != nil {
		r.line("uinit", err.Error())
	}
}

// line takes a line of a service.
func (r *records) line(name, text string) {
	r.ring.Add(journal.Record{At: uptime(), Facility: journal.Daemon, Severity: journal.Info, Program: name, Message: text})
}

func uptime() time.Duration { return time.Duration(virtioport.Uptime() * float64(time.Second)) }

// send begins to send everything from the first record on to the profile's server. It does not wait
// for the server. Of a spool that is not on a disk it does without.
func (r *records) send(life context.Context, synced func() bool) error {
	host, _ := os.Hostname()
	l, trouble := r.Machine.Now().Log, error(nil)
	if l.Spool != "" && !ssh.OnDisk(filepath.Dir(l.Spool)) && !ssh.OnDisk(l.Spool) {
		trouble = fmt.Errorf("opening the log spool: %s is not on a disk", l.Spool)
		l.Spool = ""
	}
	s, err := journal.Open(l, journal.Format{Host: host, Wall: wall, Synced: synced})
	if err != nil {
		trouble = err
	}
	if s == nil {
		return trouble
	}
	r.Facts.Fact("log.connected", false)
	connected, told := false, false
	s.Report = func(st journal.Status) {
		r.Facts.Fact("log.connected", st.Connected)
		r.Facts.Fact("log.lost", st.Lost)
		// Said once: each attempt that fails would be one more record to send.
		switch {
		case st.Connected && !connected:
			r.Log.Info(fmt.Sprintf("log server %s: connected; %d records lost", l.Remote, st.Lost))
			told = false
		case st.Err != nil && !told:
			r.Log.Warn(fmt.Sprintf("log server %s: %v", l.Remote, st.Err))
			told = true
		}
		connected = st.Connected
	}
	// Beyond life: the end of a boot is worth reading, too.
	pumping, stop := context.WithCancel(context.WithoutCancel(life))
	sending, hangUp := context.WithCancel(context.WithoutCancel(life))
	r.end, r.done = stop, make(chan struct{})
	r.sender.Store(s)
	go func() {
		defer hangUp()
		r.pump(pumping, s)
	}()
	go func() {
		defer close(r.done)
		s.Run(sending)
	}()
	return trouble
}

// pump hands over what is in the ring and what comes, until ctx ends and nothing is left.
func (r *records) pump(ctx context.Context, s *journal.Sender) {
	for seq := uint64(0); ; {
		batch, missed, err := r.ring.Next(ctx, seq)
		if err != nil {
			return
		}
		if missed > 0 {
			s.Add(journal.Record{At: uptime(), Facility: journal.Daemon, Severity: journal.Warning, Program: "uinit",
				Message: fmt.Sprintf("%d records left the ring before they could be sent", missed)})
		}
		for _, rec := range batch {
			s.Add(rec)
		}
		seq = batch[len(batch)-1].Seq
	}
}

// wake tries the server again soon: the network has come up.
func (r *records) wake() {
	if s := r.sender.Load(); s != nil {
		s.Wake()
	}
}

// stop sends, or spools, what is left.
func (r *records) stop(ctx context.Context) error {
	s := r.sender.Load()
	if s == nil {
		return nil
	}
	r.end()
	select {
	case <-r.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.Facts.Fact("log.lost", s.Lost())
	return nil
}

// wall is when something happened so long after the kernel's start, by the clock as it is now.
func wall(at time.Duration) time.Time { return time.Now().Add(at - uptime()) }
