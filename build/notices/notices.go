// Package notices finds what the packages and modules of an image say of their licences, and writes it beside the image. What each
// says is kept in the cache.
package notices

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/licence"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Finder finds notices.
type Finder struct {
	Cache    *cache.Cache
	Apt      *deb.Apt
	Go       *gobin.Builder
	Progress progress.Reporter
}

// Notice is what one of an image's parts says.
type Notice struct {
	licence.Notice
	// Source and SourceVersion are those of a Debian package's source package.
	Source, SourceVersion string
	// See is the package of which it has the copyright file; it is empty in what a Finder returns.
	See string
}

const (
	// kind is the cache's kind of notices; the number in their keys changes with what is made of a text, and with their form.
	kind = "notice"
	form = "-1"
	file = "notice"
)

// keep returns the notice of a key from the cache, or has make find it.
func (f Finder) keep(ctx context.Context, key string, find func(context.Context) (Notice, error)) (n Notice, err error) {
	err = f.Cache.Mend(func() error {
		e, err := f.Cache.Entry(ctx, kind, key+form, func(ctx context.Context, dir string) error {
			n, err := find(ctx)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(n); err != nil {
				panic("BUG: " + err.Error())
			}
			return os.WriteFile(filepath.Join(dir, file), b.Bytes(), 0o644)
		})
		if err != nil {
			return err
		}
		text, err := e.Read(file)
		if err != nil {
			return err
		}
		n = Notice{}
		if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&n); err != nil {
			return fmt.Errorf("reading a cached notice: %w", err)
		}
		return nil
	})
	return n, err
}
