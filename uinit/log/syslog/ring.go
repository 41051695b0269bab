package syslog

import (
	"context"
	"slices"
	"sync"
)

// Ring holds the latest records. It is safe for concurrent use.
type Ring struct {
	mu      sync.Mutex
	limit   int64
	bytes   int64
	records []Record // those before head are gone
	head    int
	last    uint64
	changed chan struct{} // closed and replaced with each record
}

// NewRing makes a ring that holds records of so many bytes together, and at least one.
func NewRing(limit int64) *Ring { return &Ring{limit: limit, changed: make(chan struct{})} }

// Add takes a record, gives it its number, and drops the oldest ones where it needs room.
func (r *Ring) Add(rec Record) Record {
	rec.Message = clean(rec.Message, maxMessage)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	rec.Seq = r.last
	r.records = append(r.records, rec)
	r.bytes += rec.size()
	for r.bytes > r.limit && r.head < len(r.records)-1 {
		r.bytes -= r.records[r.head].size()
		r.records[r.head] = Record{}
		r.head++
	}
	if r.head > len(r.records)/2 {
		r.records = slices.Delete(r.records, 0, r.head)
		r.head = 0
	}
	close(r.changed)
	r.changed = make(chan struct{})
	return rec
}

// Say takes a line that a program, or somebody on its behalf, says.
func (r *Ring) Say(program, line string) {
	r.Add(Record{At: Uptime(), Facility: Daemon, Severity: Info, Program: program, Message: line})
}

// KeepKernel takes the kernel's log in until ctx ends, but for echoes.
func (r *Ring) KeepKernel(ctx context.Context) error {
	return ReadKernel(ctx, KernelLog, r.heard)
}

func (r *Ring) heard(rec Record) {
	if rec.Facility != Echo {
		r.Add(rec)
	}
}

// Since returns the records after a number, and how many of them are gone already.
func (r *Ring) Since(seq uint64) (records []Record, missed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.since(seq)
}

func (r *Ring) since(seq uint64) ([]Record, uint64) {
	held := r.records[r.head:]
	if len(held) == 0 || seq >= r.last {
		return nil, 0
	}
	first := held[0].Seq
	if seq+1 < first {
		return slices.Clone(held), first - seq - 1
	}
	return slices.Clone(held[seq+1-first:]), 0
}

// Next waits until there is something after a number; it returns ctx's cause where that ends first.
func (r *Ring) Next(ctx context.Context, seq uint64) (records []Record, missed uint64, err error) {
	for {
		r.mu.Lock()
		records, missed = r.since(seq)
		changed := r.changed
		r.mu.Unlock()
		if len(records) > 0 {
			return records, missed, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
	}
}
