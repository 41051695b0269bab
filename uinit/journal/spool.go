package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
)

// Spool keeps messages on disk, in segments: files that are written once, read once, and
// removed when the server has them. A segment's name says how many messages it holds,
// so that what is lost can be counted without reading it.
type Spool struct {
	dir      string
	limit    int64
	segments []segment // oldest first
}

type segment struct {
	number uint64
	count  int
	size   int64
}

const segmentSuffix = ".syslog"

func (s segment) name() string { return fmt.Sprintf("%020d-%d%s", s.number, s.count, segmentSuffix) }

// OpenSpool takes over what earlier boots left in dir, which it makes where it is missing.
// limit is the most bytes that it may hold.
func OpenSpool(dir string, limit int64) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the log spool: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the log spool: %w", err)
	}
	s := &Spool{dir: dir, limit: limit}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), segmentSuffix) {
			os.Remove(filepath.Join(dir, e.Name())) // half-written when the power went
			continue
		}
		seg, ok := parseSegment(e.Name())
		info, err := e.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			continue
		}
		seg.size = info.Size()
		s.segments = append(s.segments, seg)
	}
	order.By(s.segments, func(a, b segment) int { return strings.Compare(a.name(), b.name()) })
	return s, nil
}

func parseSegment(name string) (segment, bool) {
	base, ok := strings.CutSuffix(name, segmentSuffix)
	number, count, dash := strings.Cut(base, "-")
	n, err1 := strconv.ParseUint(number, 10, 64)
	c, err2 := strconv.ParseUint(count, 10, 31)
	seg := segment{number: n, count: int(c)}
	return seg, ok && dash && err1 == nil && err2 == nil && seg.name() == name
}

// write keeps messages behind all others, and drops the oldest segments where there is no room;
// lost is the number of messages in these. The first keep segments are not dropped.
func (s *Spool) write(messages [][]byte, keep int) (lost int, err error) {
	var body bytes.Buffer
	for _, m := range messages {
		body.Write(frame(m))
	}
	seg := segment{number: 1, count: len(messages), size: int64(body.Len())}
	if n := len(s.segments); n > 0 {
		seg.number = s.segments[n-1].number + 1
	}
	path := filepath.Join(s.dir, seg.name())
	if err := writeSynced(filepath.Join(s.dir, "."+seg.name()), path, body.Bytes()); err != nil {
		return 0, fmt.Errorf("writing to the log spool: %w", err)
	}
	s.segments = append(s.segments, seg)
	total := int64(0)
	for _, seg := range s.segments {
		total += seg.size
	}
	for total > s.limit && len(s.segments) > keep {
		old := s.segments[keep]
		if err := os.Remove(filepath.Join(s.dir, old.name())); err != nil {
			return lost, fmt.Errorf("making room in the log spool: %w", err)
		}
		s.segments = slices.Delete(s.segments, keep, keep+1)
		total -= old.size
		lost += old.count
	}
	return lost, nil
}

func writeSynced(temp, path string, body []byte) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// oldest reads the first segment; lost counts those of its messages that can't be read any more.
func (s *Spool) oldest() (messages [][]byte, lost int) {
	seg := s.segments[0]
	body, err := os.ReadFile(filepath.Join(s.dir, seg.name()))
	if err == nil {
		messages = unframe(body)
	}
	// A name that promises less than there is was not written by us; there is no loss then.
	return messages, max(seg.count-len(messages), 0)
}

// drop removes the first segment.
func (s *Spool) drop() {
	os.Remove(filepath.Join(s.dir, s.segments[0].name()))
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
	for len(body) > 0 {
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
