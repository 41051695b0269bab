package deb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// ar makes an ar archive of named bodies.
func ar(members ...string) []byte {
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for i := 0; i < len(members); i += 2 {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", members[i], 0, 0, 0, 0o100644, len(members[i+1]), members[i+1])
		if b.Len()%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// tarball makes a tar archive; a header's size is its body's.
func tarball(t testing.TB, files ...tarFile) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := f.Header
		h.Size = int64(len(f.body))
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type tarFile struct {
	tar.Header
	body string
}

func file(name string, mode int64, body string) tarFile {
	return tarFile{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}, body}
}

func link(name, target string) tarFile {
	return tarFile{tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target, Mode: 0o777}, ""}
}

func folder(name string) tarFile {
	return tarFile{tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}, ""}
}

func gz(t testing.TB, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// repo is a package repository in a directory, served to apt by file: URIs.
type repo struct {
	t    testing.TB
	dir  string
	etc  string
	debs map[string]string // stanza by package name and version
}

// newRepo is a test's first. What asks apt takes its time: such tests come after all others, side by side.
func newRepo(t testing.TB) *repo {
	if t, ok := t.(*testing.T); ok {
		t.Parallel()
	}
	return another(t)
}

func another(t testing.TB) *repo {
	t.Helper()
	for _, tool := range []string{"apt-get", "apt-cache", "apt-config"} {
		needed.Program(t, tool)
	}
	r := &repo{t: t, dir: t.TempDir(), etc: t.TempDir(), debs: map[string]string{}}
	r.publish()
	return r
}

// add puts a version of a package into the repository. fields are lines of its
// control file.
func (r *repo) add(name, version, fields string, files ...tarFile) {
	r.t.Helper()
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody\nDescription: for a test\n%s", name, version, fields)
	deb := ar("debian-binary", "2.0\n",
		"control.tar.gz", gz(r.t, tarball(r.t, file("./control", 0o644, control))),
		"data.tar.gz", gz(r.t, tarball(r.t, files...)))
	r.put(name, version, control, deb)
}

func (r *repo) put(name, version, control string, deb []byte) {
	r.t.Helper()
	_, plain, epoch := strings.Cut(version, ":")
	if !epoch {
		plain = version
	}
	path := fmt.Sprintf("%s_%s_amd64.deb", name, plain)
	if err := os.WriteFile(filepath.Join(r.dir, path), deb, 0o644); err != nil {
		r.t.Fatal(err)
	}
	sum := sha256.Sum256(deb)
	r.debs[name+" "+version] = fmt.Sprintf("%sFilename: ./%s\nSize: %d\nSHA256: %s\n", control, path, len(deb), hex.EncodeToString(sum[:]))
}

// remove takes a version away, file and all.
func (r *repo) remove(name, version string) {
	r.t.Helper()
	delete(r.debs, name+" "+version)
	if err := os.Remove(filepath.Join(r.dir, fmt.Sprintf("%s_%s_amd64.deb", name, version))); err != nil {
		r.t.Fatal(err)
	}
	r.publish()
}

// publish writes the repository's index and the sources that name it.
func (r *repo) publish() {
	r.t.Helper()
	var all []string
	for _, s := range r.debs {
		all = append(all, s)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "Packages"), []byte(strings.Join(all, "\n")), 0o644); err != nil {
		r.t.Fatal(err)
	}
	list := "deb [trusted=yes] file:" + r.dir + " ./\n"
	if err := os.WriteFile(filepath.Join(r.etc, "sources.list"), []byte(list), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// offline hides the repository from apt, or shows it again.
func (r *repo) offline(yes bool) {
	r.t.Helper()
	from, to := r.dir, r.dir+".away"
	if !yes {
		from, to = to, from
	}
	if err := os.Rename(from, to); err != nil {
		r.t.Fatal(err)
	}
}

// testHost is an Apt whose sources are a repository's, with what it did.
type testHost struct {
	*Apt
	mu       sync.Mutex
	commands []string // programs run, with their first word that is no option
	notes    []string
	clock    time.Time
}

func (r *repo) host(c *cache.Cache) *testHost {
	r.t.Helper()
	if c == nil {
		var err error
		if c, err = cache.Open(r.t.TempDir()); err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { c.Close() })
	}
	h := &testHost{clock: time.Now()}
	h.Apt = New(c, h)
	c.Warn = h.Note
	h.Etc = r.etc
	h.now = func() time.Time { return h.clock }
	h.run = func(ctx context.Context, cmd command) ([]byte, error) {
		name := cmd.Args[0]
		for _, arg := range cmd.Args[1:] {
			if !strings.HasPrefix(arg, "-") {
				name += " " + arg
				break
			}
		}
		h.mu.Lock()
		h.commands = append(h.commands, name)
		h.mu.Unlock()
		return execute(ctx, cmd)
	}
	return h
}

// did returns what was run since it was last asked.
func (h *testHost) did() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.commands
	h.commands = nil
	return was
}

func (h *testHost) Step(name string, total int64) progress.Step {
	return progress.Discard.Step(name, total)
}

func (h *testHost) Note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, fmt.Sprintf(format, args...))
}
