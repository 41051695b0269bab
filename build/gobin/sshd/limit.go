package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/imgbuild/imgbuild/internal/cgroup"
)

// openGroup opens the control group of an account's sessions; nil where there are no groups at all.
func openGroup(dir string, a account) (*os.File, error) {
	if dir == "" {
		return nil, nil
	}
	path := filepath.Join(dir, cgroup.Session(a.name, int(a.uid)))
	if err := os.Mkdir(path, 0o755); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	group, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("limiting the session: %w", err)
	}
	return group, nil
}

// maxConnections is how many connections an ordinary account may have: each costs the server memory that no
// limit of the account's own covers.
const maxConnections = 32

// crowd counts the connections of each account.
type crowd struct {
	mu    sync.Mutex
	count map[string]int
}

// enter says whether an account may have one more connection, which leave ends. Root may.
func (c *crowd) enter(a account) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.uid != 0 && c.count[a.name] >= maxConnections {
		return false
	}
	if c.count == nil {
		c.count = map[string]int{}
	}
	c.count[a.name]++
	return true
}

func (c *crowd) leave(a account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count[a.name]--; c.count[a.name] == 0 {
		delete(c.count, a.name)
	}
}
