package syslog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/order"
)

// Spool keeps messages on disk, in segments: files that are written once, read once, and
// removed when the server has them. A segment's name says how many messages it holds,
// so that what is lost can be counted without reading it.
type Spool struct {
	dir      string
	limit    int64
	segments []segment // oldest first
	last     uint64    // greatest number that anything in dir has
}

type segment struct {
	number uint64
	count  int
	size   int64
}

const segmentSuffix = ".syslog"

// Bounds of what is read back: anybody may have written there since.
const (
	// maxSegment is what a segment holds at most before its messages are formatted, in bytes, and mostSegment after that.
	maxSegment, mostSegment = 1 << 20, 4 << 20
	// maxMessages is how many messages a segment holds.
	maxMessages = 1 << 16
	// maxSegments is how many there are; maxEntries allows for what others have put beside them.
	maxSegments, maxEntries = 2048, 4096
)

func (s segment) name() string { return fmt.Sprintf("%020d-%d%s", s.number, s.count, segmentSuffix) }

// OpenSpool takes over what earlier boots left in dir, which it makes where it is missing.
// limit is the most bytes that it may hold. An error beside a Spool says what of it is left alone.
func OpenSpool(dir string, limit int64) (*Spool, error) {
	err := bounded.Make(dir, 0o700)
	var names []string
	if err == nil {
		names, err = bounded.Names(dir, maxEntries)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the log spool: %w", err)
	}
	s := &Spool{dir: dir, limit: limit}
	var refused []error
	for _, name := range names {
		if rest, hidden := strings.CutPrefix(name, "."); hidden && strings.HasSuffix(strings.TrimSuffix(rest, ".new"), segmentSuffix) {
			_ = bounded.Remove(filepath.Join(dir, name)) // half-written when the power went
			continue
		}
		seg, ok := parseSegment(name)
		if !ok {
			continue
		}
		s.last = max(s.last, seg.number)
		if seg.size, err = segmentSize(filepath.Join(dir, name)); err != nil {
			refused = append(refused, err)
			continue
		}
		s.segments = append(s.segments, seg)
	}
	order.By(s.segments, func(a, b segment) int { return strings.Compare(a.name(), b.name()) })
	if len(refused) > 0 {
		return s, fmt.Errorf("opening the log spool: %d of its files are left alone, such as: %w", len(refused), refused[0])
	}
	return s, nil
}

func segmentSize(path string) (int64, error) {
	f, err := bounded.Open(path, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() > mostSegment {
		return 0, fmt.Errorf("%s has %d bytes; accepted: at most %d", path, info.Size(), mostSegment)
	}
	return info.Size(), nil
}

func parseSegment(name string) (segment, bool) {
	base, ok := strings.CutSuffix(name, segmentSuffix)
	number, count, dash := strings.Cut(base, "-")
	n, err1 := strconv.ParseUint(number, 10, 62) // of which more is left than boots can use up
	c, err2 := strconv.ParseUint(count, 10, 31)
	seg := segment{number: n, count: int(c)}
	return seg, ok && dash && err1 == nil && err2 == nil && c <= maxMessages && seg.name() == name
}

// write keeps messages behind all others, and drops the oldest segments where there is no room;
// lost is the number of messages in these. The first keep segments are not dropped.
func (s *Spool) write(messages [][]byte, keep int) (lost int, err error) {
	var body bytes.Buffer
	for _, m := range messages {
		body.Write(frame(m))
	}
	seg := segment{number: s.last + 1, count: len(messages), size: int64(body.Len())}
	if err := bounded.Write(filepath.Join(s.dir, seg.name()), body.Bytes(), 0o600); err != nil {
		return 0, fmt.Errorf("writing to the log spool: %w", err)
	}
	s.last = seg.number
	s.segments = append(s.segments, seg)
	total := int64(0)
	for _, seg := range s.segments {
		total += seg.size
	}
	for (total > s.limit || len(s.segments) > maxSegments) && len(s.segments) > keep {
		old := s.segments[keep]
		if err := bounded.Remove(filepath.Join(s.dir, old.name())); err != nil {
			return lost, fmt.Errorf("making room in the log spool: %w", err)
		}
		s.segments = slices.Delete(s.segments, keep, keep+1)
		total -= old.size
		lost += old.count
	}
	return lost, nil
}

// oldest reads the first segment; lost counts those of its messages that can't be read any more.
func (s *Spool) oldest() (messages [][]byte, lost int) {
	seg := s.segments[0]
	body, err := bounded.Read(filepath.Join(s.dir, seg.name()), mostSegment)
	if err == nil {
		messages = unframe(body)
	}
	// A name that promises less than there is was not written by us; there is no loss then.
	return messages, max(seg.count-len(messages), 0)
}

// drop removes the first segment.
func (s *Spool) drop() {
	_ = bounded.Remove(filepath.Join(s.dir, s.segments[0].name()))
	s.segments = s.segments[1:]
}

// left is the number of segments; a nil Spool has none.
func (s *Spool) left() int {
	if s == nil {
		return 0
	}
	return len(s.segments)
}

// unframe reads messages as frame writes them, up to the first that is damaged.
func unframe(body []byte) (messages [][]byte) {
	for len(body) > 0 && len(messages) < maxMessages {
		length, rest, ok := bytes.Cut(body, []byte{' '})
		n, err := strconv.ParseUint(string(length), 10, 31)
		if !ok || err != nil || n == 0 || n > uint64(len(rest)) {
			return messages
		}
		messages = append(messages, rest[:n])
		body = rest[n:]
	}
	return messages
}
