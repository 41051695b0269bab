package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// Artifact is a file that a build wrote.
type Artifact struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// staging collects artifacts next to their place and puts them there by
// renaming, all at the end: a build that fails or is interrupted leaves what was
// there before.
type staging struct {
	dir string
	tmp *scratch.Dir
	// fresh: dir was not there before.
	fresh bool
	made  []Artifact
}

// stage makes the output directory and checks that it can be written, before
// anything expensive is done.
func stage(dir string) (*staging, error) {
	_, err := os.Stat(dir)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("making the output directory: %w", err)
	}
	if err := replaceable(filepath.Join(dir, sumsName)); err != nil { // the other names are not known yet
		return nil, err
	}
	tmp, err := scratch.New(dir)
	if err != nil {
		return nil, fmt.Errorf("writing to the output directory: %w", err)
	}
	return &staging{dir: dir, tmp: tmp, fresh: fresh}, nil
}

// replaceable says whether an artifact can take the place of what is there: a plain file, or a link. A directory would stop it half-way,
// with some artifacts new and some old, and a device or pipe would be gone.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink {
		what := "not a plain file"
		if info.IsDir() {
			what = "a directory"
		}
		err = fmt.Errorf("it is %s; accepted: none there, or a file", what)
	}
	if err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	return nil
}

// discard removes what was not put in place, and the directory where it was made
// for nothing.
func (s *staging) discard() error {
	err := s.tmp.Remove()
	if s.fresh {
		_ = os.Remove(s.dir) // it stays where it holds artifacts
	}
	return err
}

// Who may read an artifact, apart from what the umask says.
const (
	everybody fs.FileMode = 0o666
	owner     fs.FileMode = 0o600
)

// add writes one artifact.
func (s *staging) add(ctx context.Context, name string, readers fs.FileMode, write func(w io.Writer) error) error {
	hash := sha256.New()
	return s.put(ctx, name, readers, hash, func() string { return hex.EncodeToString(hash.Sum(nil)) }, write)
}

// copy makes a file of the image an artifact. Who opens it compares it with its hash: that need not be taken twice.
func (s *staging) copy(ctx context.Context, name string, readers fs.FileMode, open tree.Opener, f tree.File) error {
	return s.put(ctx, name, readers, io.Discard, func() string { return f.From.SHA256 }, func(w io.Writer) error { return open.Copy(w, f) })
}

// put writes one artifact, and its bytes to hash, too; sum is their SHA-256 then.
func (s *staging) put(ctx context.Context, name string, readers fs.FileMode, hash io.Writer, sum func() string, write func(w io.Writer) error) error {
	made, err := s.create(name, readers, func(f *os.File) (int64, string, error) {
		w := &artifactWriter{ctx: ctx, f: f, hash: hash}
		err := write(w)
		return w.n, sum(), err
	})
	if err == nil {
		s.made = append(s.made, made)
	}
	return err
}

// medium writes a medium as an artifact. It may run beside others; the caller keeps what it returns.
func (s *staging) medium(ctx context.Context, m media.Medium, readers fs.FileMode) (Artifact, error) {
	return s.create(m.Name, readers, func(f *os.File) (int64, string, error) { return m.Write(ctx, f) })
}

// create has write fill the file of an artifact; write returns its size in bytes and its SHA-256.
func (s *staging) create(name string, readers fs.FileMode, write func(*os.File) (int64, string, error)) (Artifact, error) {
	made := Artifact{Name: name, Path: filepath.Join(s.dir, name)}
	f, err := os.OpenFile(s.tmp.Join(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, readers)
	if err == nil {
		made.Size, made.SHA256, err = write(f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return Artifact{}, fmt.Errorf("writing %s: %w", made.Path, err)
	}
	return made, nil
}

// bytes writes one artifact that is at hand.
func (s *staging) bytes(ctx context.Context, name string, content []byte) error {
	return s.add(ctx, name, everybody, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// commit puts all artifacts in place, and SHA256SUMS beside them. It waits for other builds that do so at the same moment. The lock is
// the cache's: one in the output directory would stay there, and one on it may be held already, by who made it for this build.
func (s *staging) commit(ctx context.Context, c *cache.Cache) ([]Artifact, error) {
	held, err := c.Lock(ctx, "artifacts", nil)
	if err != nil {
		return nil, err
	}
	defer held.Close() // and unlocks it
	if err := s.sums(ctx); err != nil {
		return nil, err
	}
	for _, a := range s.made {
		if err := replaceable(a.Path); err != nil {
			return nil, err
		}
	}
	for _, a := range s.made {
		if err := os.Rename(s.tmp.Join(a.Name), a.Path); err != nil {
			return nil, fmt.Errorf("putting %s in place: %w", a.Name, err)
		}
	}
	return s.made, s.discard()
}

// artifactWriter hashes what it writes and gives up when the build is
// interrupted. After an error the hash is of no use, and neither is the artifact.
type artifactWriter struct {
	ctx  context.Context
	f    *os.File
	hash io.Writer
	n    int64
}

func (w *artifactWriter) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	// Beside each other: what is written was hashed once already, as it was read from the cache.
	hashed := make(chan struct{})
	go func() {
		w.hash.Write(b)
		close(hashed)
	}()
	n, err := w.f.Write(b)
	<-hashed
	w.n += int64(n)
	return n, err
}
