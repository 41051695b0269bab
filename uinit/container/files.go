package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// resolvConf is the machine's.
const resolvConf = "/etc/resolv.conf"

// open is the mode of directories that lead to what a container is shown: crun goes there with no more rights than the container's root.
const open = 0o711

// writeFiles writes what a container is shown in its /etc. The files stay the same ones while it runs, and are rewritten in place: a mount is
// of a file, not of its name.
func (c *containers) writeFiles(one *container) error {
	if err := one.makeDir(); err != nil {
		return err
	}
	name := one.name
	hosts := fmt.Sprintf("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.1\t%s\n", name)
	for file, text := range map[string]string{"hostname": name + "\n", "hosts": hosts} {
		if err := bounded.Write(one.bundle().File(file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return one.writeResolver(os.O_CREATE)
}

// makeDir makes the container's directory, whoever has made a part of it before.
func (one *container) makeDir() error {
	err := os.MkdirAll(filepath.Join(one.dir, "etc"), open)
	return errors.Join(err, os.Chmod(filepath.Dir(one.dir), open), os.Chmod(one.dir, open))
}

// writeResolver gives a container the machine's name servers, of now: one read and one write at a time.
func (one *container) writeResolver(create int) error {
	one.resolver.Lock()
	defer one.resolver.Unlock()
	machine, _ := os.ReadFile(resolvConf) // before somebody writes it there is none
	f, err := os.OpenFile(one.bundle().File("resolv.conf"), create|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	text := forContainers(string(machine))
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}

// forContainers is a resolv.conf without the servers that only this machine reaches: its own loopback, and link-local ones.
func forContainers(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "nameserver" && (strings.HasPrefix(words[1], "127.") || words[1] == "::1" || strings.Contains(words[1], "%")) {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

// resolve follows the machine's resolver.
func (c *containers) resolve() {
	go func() { // whoever has the news does not wait
		for _, one := range c.all {
			if err := one.writeResolver(0); err != nil && !errors.Is(err, os.ErrNotExist) { // one that is to be started yet has none
				c.Log.Warn(fmt.Sprintf("telling %s of name servers: %v", one.name, err))
			}
		}
	}()
}
