package supervise

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// readyPace is how often a service is looked at until it is ready.
const readyPace = 100 * time.Millisecond

// awaitReady says that a service is started once it shows the sign of that, or has not in time; over is
// closed when it ended.
func (s *Service) awaitReady(over <-chan struct{}, say func(error)) {
	sign := signOf(s.cfg.Ready)
	if sign == "" {
		sign = s.deps.Sign
	}
	if sign == "" {
		select {
		case <-time.After(settle):
			say(nil)
		case <-over:
		}
		return
	}
	s.owe(sign)
	limit := time.Duration(s.cfg.Ready.Timeout)
	late := time.After(limit)
	look := time.NewTicker(readyPace)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case <-late:
			say(fmt.Errorf("not ready within %v: waiting for %s", limit, sign))
			late = nil
		case <-look.C:
			if !s.cfg.Ready.Exit && s.deps.Ready(s.cfg.Ready) {
				s.owe("")
				say(nil)
				return
			}
		}
	}
}

func (s *Service) owe(sign string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.unready = sign
	}
}

// signOf names what a service is to show; "" where a second of life will do.
func signOf(r spec.Ready) string {
	switch {
	case r.Port != 0:
		return "port " + strconv.Itoa(r.Port)
	case r.File != "":
		return "file " + r.File
	case r.Exit:
		return "its end"
	}
	return ""
}

// Ready says whether this machine shows a sign.
func Ready(r spec.Ready) bool {
	if r.File != "" {
		_, err := os.Stat(r.File)
		return err == nil
	}
	return Listens("/proc/net", r.Port)
}

// Listens says whether a TCP port is listened on in the network whose tables lie in a folder of /proc. It is not connected to: that would
// be the service's first customer.
func Listens(tables string, port int) bool {
	for _, table := range []string{"tcp", "tcp6"} {
		f, err := os.Open(filepath.Join(tables, table))
		if err != nil {
			continue
		}
		found := listens(f, port)
		f.Close()
		if found {
			return true
		}
	}
	return false
}

// listens looks for a listening port in a table of sockets (Documentation/networking/proc_net_tcp.rst);
// 0A is TCP_LISTEN (include/net/tcp_states.h).
func listens(table io.Reader, port int) bool {
	for lines := bufio.NewScanner(table); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[3] != "0A" {
			continue
		}
		_, local, _ := strings.Cut(f[1], ":")
		if n, err := strconv.ParseUint(local, 16, 16); err == nil && int(n) == port {
			return true
		}
	}
	return false
}
