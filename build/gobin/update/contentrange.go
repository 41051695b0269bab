package main

import (
	"fmt"
	"strconv"
	"strings"
)

// parseContentRange reads that header (RFC 9110, section 14.4): bytes 0-99/1000, bytes 0-99/*, or bytes */1000, of which stop is -1.
func parseContentRange(text string) (part, error) {
	bad := fmt.Errorf("%.60q for the range (Content-Range)", text)
	unit, rest, _ := strings.Cut(text, " ")
	span, total, ok := strings.Cut(strings.TrimSpace(rest), "/")
	if !strings.EqualFold(unit, "bytes") || !ok {
		return part{}, bad
	}
	p := part{-1, -1, -1}
	var err error
	if total != "*" {
		if p.total, err = number(total); err != nil {
			return part{}, bad
		}
	}
	if span == "*" {
		if p.total < 0 {
			return part{}, bad
		}
		return p, nil
	}
	first, last, _ := strings.Cut(span, "-")
	start, err1 := number(first)
	end, err2 := number(last)
	if err1 != nil || err2 != nil || end < start || p.total >= 0 && end >= p.total {
		return part{}, bad
	}
	return part{start, end + 1, p.total}, nil
}

// number reads digits; one less than the largest number, so that it may be counted up.
func number(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 62)
	return int64(n), err
}
