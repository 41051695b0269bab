package gobin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// With this variable the test program builds a busybox of the commands it names
// in its own process, and prints the hash: other users, masks and directories
// belong to processes.
const buildVariable = "GOBIN_TEST_BUILD"

func TestMain(m *testing.M) {
	if commands := os.Getenv(buildVariable); commands != "" {
		os.Exit(buildHere(strings.Fields(commands)))
	}
	os.Exit(m.Run())
}

func buildHere(commands []string) int {
	store, err := cache.OpenWith(filepath.Join(os.TempDir(), "store"), filepath.Join(os.TempDir(), "index"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	bin, err := (&Builder{Cache: store}).Busybox(context.Background(), commands)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Print(bin.SHA256)
	return 0
}

// newBuilder returns a Builder with an empty cache and what it reports.
func newBuilder(t *testing.T) (*Builder, *steps) {
	t.Helper()
	store, err := cache.Open(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := &steps{}
	store.Warn = s.Note
	return &Builder{Cache: store, Progress: s}, s
}

// steps records what a Builder does.
type steps struct {
	mu    sync.Mutex
	names []string
	notes []string
}

func (s *steps) Step(name string, total int64) progress.Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, name)
	return progress.Discard.Step(name, total)
}

func (s *steps) Note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

func (s *steps) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.names)
}

// writeFiles writes a small tree; a "#!" makes a file executable.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}
