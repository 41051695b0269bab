package syslog

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// item is a message on its way: a record in memory, or text from the spool.
type item struct {
	record  Record
	number  uint64
	text    []byte
	spooled bool
}

func (i item) size() int64 {
	if i.spooled {
		return 0 // it is on disk as well, and does not count against the memory
	}
	return i.record.size()
}

// queue holds what the server has not got yet, in this order:
//
//	again ◀─ returned by a connection that broke
//	loaded ◀─ the oldest segment of the spool ◀─ other segments ◀─┐ spill
//	waiting ──────────────────────────────────────────────────────┘ ◀─ push
//
// push never waits for the disk. Items that were taken still count until done or putBack.
type queue struct {
	limit  int64
	format func(Record, uint64) []byte

	disk      sync.Mutex // before mu; guards spool, loaded and inSegment
	spool     *Spool     // may be nil
	loaded    []item
	inSegment int // items of the oldest segment that the server has not got yet

	mu      sync.Mutex
	bytes   int64
	again   []item
	waiting []item
	number  uint64 // of the last record
	lost    uint64
	told    uint64 // of these the server was told
	// confessed is when; under a steady flood once a second is enough
	confessed time.Time

	filled  chan struct{} // there is something to take
	crowded chan struct{} // there is something to spill
}

func newQueue(limit int64, spool *Spool, format func(Record, uint64) []byte) *queue {
	return &queue{limit: limit, spool: spool, format: format,
		filled: make(chan struct{}, 1), crowded: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// push adds a record; where there is no room the oldest are lost.
func (q *queue) push(r Record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.number++
	i := item{record: r, number: q.number}
	q.waiting = append(q.waiting, i)
	q.bytes += i.size()
	for q.bytes > q.limit && len(q.waiting) > 0 {
		q.bytes -= q.waiting[0].size()
		q.waiting[0] = item{}
		q.waiting = q.waiting[1:]
		q.lost++
	}
	if q.spool != nil && q.bytes > q.limit/2 {
		signal(q.crowded)
	}
	signal(q.filled)
}

// spill moves what waits in memory to the spool; all of it, or the older part that makes
// the queue half empty. Where the disk fails it stays in memory.
func (q *queue) spill(all bool) error {
	if q.spool == nil {
		return nil
	}
	q.disk.Lock()
	defer q.disk.Unlock()
	for {
		if more, err := q.spillSegment(all); err != nil || !more {
			return err
		}
	}
}

// spillSegment moves as much as a segment holds; more says that this was not the end of it.
func (q *queue) spillSegment(all bool) (more bool, err error) {
	q.mu.Lock()
	if all {
		// What came from the spool is still there.
		back := slices.DeleteFunc(q.again, func(i item) bool { return i.spooled })
		q.waiting, q.again = append(back, q.waiting...), nil
	}
	size, n := int64(0), 0
	for n < len(q.waiting) && n < maxMessages && size < maxSegment && (all || q.bytes-size > q.limit/4) {
		size += q.waiting[n].size()
		n++
	}
	items := slices.Clone(q.waiting[:n])
	q.waiting = q.waiting[n:]
	q.mu.Unlock()
	if len(items) == 0 {
		return false, nil
	}

	messages := make([][]byte, len(items))
	for n, i := range items {
		messages[n] = q.format(i.record, i.number)
	}
	keep := 0
	if q.inSegment > 0 {
		keep = 1
	}
	lost, err := q.spool.write(messages, keep)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost += uint64(lost)
	if err != nil {
		q.waiting = append(items, q.waiting...)
		return false, err
	}
	for _, i := range items {
		q.bytes -= i.size()
	}
	signal(q.filled)
	return true, nil
}

// take hands out the next item. There may be none although some are left: those of the next
// segment come when the server has all of the one before.
func (q *queue) take() (item, bool) {
	q.disk.Lock()
	defer q.disk.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.again) > 0 {
		i := q.again[0]
		q.again = q.again[1:]
		return i, true
	}
	q.load()
	if q.lost > q.told && time.Since(q.confessed) >= time.Second {
		return q.confess(), true
	}
	if len(q.loaded) > 0 {
		i := q.loaded[0]
		q.loaded = q.loaded[1:]
		return i, true
	}
	if q.spool.left() > 0 && (q.inSegment == 0 || q.spool.left() > 1) || len(q.waiting) == 0 {
		return item{}, false
	}
	i := q.waiting[0]
	q.waiting[0] = item{}
	q.waiting = q.waiting[1:]
	return i, true
}

// load reads the oldest segment into memory once the one before is done.
func (q *queue) load() {
	for len(q.loaded) == 0 && q.inSegment == 0 && q.spool.left() > 0 {
		messages, lost := q.spool.oldest()
		q.lost += uint64(lost)
		for _, m := range messages {
			q.loaded = append(q.loaded, item{text: m, spooled: true})
		}
		if q.inSegment = len(messages); q.inSegment == 0 {
			q.spool.drop()
		}
	}
}

// confess makes the record that says how many were lost since the last one of its kind.
func (q *queue) confess() item {
	q.number++
	r := Record{Facility: Daemon, Severity: Warning, Program: "uinit",
		Message: fmt.Sprintf("%d log records were lost before they could be sent", q.lost-q.told)}
	if len(q.waiting) > 0 {
		r.At = q.waiting[0].record.At
	}
	q.told, q.confessed = q.lost, time.Now()
	i := item{record: r, number: q.number}
	q.bytes += i.size()
	return i
}

// done says that the server has an item.
func (q *queue) done(i item) {
	if !i.spooled {
		q.mu.Lock()
		q.bytes -= i.size()
		q.mu.Unlock()
		return
	}
	q.disk.Lock()
	defer q.disk.Unlock()
	if q.inSegment--; q.inSegment == 0 {
		q.spool.drop()
		signal(q.filled)
	}
}

// putBack returns items that the server may not have got, to be taken before all others.
func (q *queue) putBack(items []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.again = append(append([]item(nil), items...), q.again...)
	if len(q.again) > 0 {
		signal(q.filled)
	}
}

// text is an item as it is sent.
func (q *queue) text(i item) []byte {
	if i.spooled {
		return i.text
	}
	return q.format(i.record, i.number)
}

// empty says that nothing is left to take, in memory or on disk.
func (q *queue) empty() bool {
	q.disk.Lock()
	defer q.disk.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.again)+len(q.loaded)+len(q.waiting)+q.spool.left() == 0 && q.lost == q.told
}

// counts returns how many records wait in memory and how many were lost.
func (q *queue) counts() (waiting int, lost uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.again) + len(q.waiting), q.lost
}
