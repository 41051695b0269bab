package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// errProtocol is for what only a mistake in the init can say.
var errProtocol = errors.New("not understood")

// maxLine is how many bytes a line has at most, its end among them.
const maxLine = 4096

// order is a line of the init: where url is empty, one that names the servers to ask for names.
type order struct {
	servers []netip.AddrPort
	// offset and length are in bytes; length 0: to the end.
	offset, length int64
	url            string
}

// readLine reads a line without its end; io.EOF where there is none.
func readLine(in *bufio.Reader) (string, error) {
	b, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("%w: a line of more than %d bytes", errProtocol, maxLine)
	case errors.Is(err, io.EOF) && len(b) > 0:
		return "", fmt.Errorf("%w: a line without an end", errProtocol)
	case err != nil:
		return "", err
	}
	line := string(b[:len(b)-1])
	if line != printable(line) {
		return "", fmt.Errorf("%w: a line of other signs than ASCII", errProtocol)
	}
	return line, nil
}

// portDNS is where name servers listen (RFC 1035, section 4.2).
const portDNS = 53

// parseOrder reads what a line says.
func parseOrder(line string) (o order, err error) {
	word, rest, _ := strings.Cut(line, " ")
	bad := fmt.Errorf("%w: %.60q", errProtocol, line)
	switch {
	case line == "dns":
		return o, nil
	case word == "dns":
		for text := range strings.SplitSeq(rest, ",") {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return order{}, bad
			}
			o.servers = append(o.servers, netip.AddrPortFrom(a, portDNS))
		}
		return o, nil
	case word == "get":
		f := strings.Split(rest, " ")
		if len(f) != 3 || f[2] == "" {
			return order{}, bad
		}
		offset, err1 := strconv.ParseUint(f[0], 10, 63)
		length, err2 := strconv.ParseUint(f[1], 10, 63)
		if err1 != nil || err2 != nil || length > math.MaxInt64-offset {
			return order{}, bad
		}
		return order{offset: int64(offset), length: int64(length), url: f[2]}, nil
	}
	return order{}, bad
}
