package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// scene is what a getty under test is told through its environment, instead of /etc.
type scene struct {
	Etc      string
	Patience [5]time.Duration
}

// TestMain lets the test binary be its own getty, as uinit is.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "as" {
		os.Exit(map[string]func([]string) int{"getty": GettyMain, "login": LoginMain, "checkpassword": CheckPasswordMain}[os.Args[2]](os.Args[3:]))
	}
	if len(os.Args) == 3 && os.Args[1] == "getty" {
		var s scene
		if err := json.Unmarshal([]byte(os.Getenv("SCENE")), &s); err != nil {
			panic(err)
		}
		if os.Getenv("WITHOUT_INPUT") != "" {
			// Go's runtime opens what it waits with by the first pipe: 0 must be the terminal's.
			if r, w, err := os.Pipe(); err == nil {
				r.Close()
				w.Close()
			}
			unix.Close(0)
		}
		p := patience{s.Patience[0], s.Patience[1], s.Patience[2], s.Patience[3], s.Patience[4]}
		g := getty{host: thisHost, etc: s.Etc, name: os.Args[2], from: openChannel(), patience: p}
		fmt.Fprintln(os.Stderr, "getty:", g.run())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// pty is a terminal with a person at it.
type pty struct {
	t      *testing.T
	master *os.File
	name   string

	mu   sync.Mutex
	seen bytes.Buffer
	more chan struct{}
}

func newPTY(t *testing.T) *pty {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{t: t, master: os.NewFile(uintptr(fd), "master"), name: fmt.Sprintf("pts/%d", n), more: make(chan struct{}, 1)}
	// The slave stays open, so that the master does not read EIO between two users of it.
	slave, err := os.OpenFile("/dev/"+p.name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	go p.collect()
	t.Cleanup(func() { p.master.Close(); slave.Close() })
	return p
}

func (p *pty) collect() {
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf)
		p.mu.Lock()
		p.seen.Write(buf[:n])
		p.mu.Unlock()
		if n > 0 {
			select {
			case p.more <- struct{}{}:
			default:
			}
		}
		if err != nil && !strings.Contains(err.Error(), unix.EIO.Error()) {
			return
		}
	}
}

// expect waits for text, and returns and forgets everything up to its end.
func (p *pty) expect(text string) string {
	p.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		p.mu.Lock()
		if i := bytes.Index(p.seen.Bytes(), []byte(text)); i >= 0 {
			out := string(p.seen.Next(i + len(text)))
			p.mu.Unlock()
			return out
		}
		rest := p.seen.String()
		p.mu.Unlock()
		select {
		case <-p.more:
		case <-limit:
			p.t.Fatalf("%q did not come; the terminal shows:\n%s", text, rest)
		}
	}
}

func (p *pty) send(text string) {
	p.t.Helper()
	if _, err := p.master.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// quick are times for tests: nothing that a person would notice.
var quick = patience{refresh: 20 * time.Millisecond, calm: time.Second, typing: 10 * time.Second,
	failure: 10 * time.Millisecond, worst: 20 * time.Millisecond}

// start runs a getty on p with accounts of its own until the test ends. The result comes on the channel.
func (p *pty) start(files map[string]string, way patience, current func() brief) <-chan gettyResult {
	p.t.Helper()
	dir := p.t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	s, err := json.Marshal(scene{dir, [5]time.Duration{way.refresh, way.calm, way.typing, way.failure, way.worst}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Setenv("SCENE", string(s))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan gettyResult, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended <- runGetty(ctx, p.name, current(), func() []string { return current().Status })
	}()
	p.t.Cleanup(func() { cancel(); <-done })
	return ended
}

func plain() brief { return brief{Console: spec.Console{Login: spec.LoginPassword}} }
