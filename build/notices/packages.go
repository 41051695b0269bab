package notices

import (
	"context"
	"fmt"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/licence"
)

// Package returns the notice of one of the Debian packages that something was resolved to. One whose copyright file is another's
// depends on that other one (Debian policy 12.5), which therefore is among them.
func (f Finder) Package(ctx context.Context, all []deb.Package, p deb.Package) (Notice, error) {
	n, err := f.ofPackage(ctx, p)
	for range all { // in a circle is nothing
		if err != nil || n.See == "" {
			break
		}
		see := n.See
		n.See = ""
		for _, other := range all {
			if other.Name == see {
				var m Notice
				m, err = f.ofPackage(ctx, other)
				n.Notice, n.See = m.Notice, m.See
			}
		}
	}
	return n, err
}

func (f Finder) ofPackage(ctx context.Context, p deb.Package) (Notice, error) {
	n, err := f.keep(ctx, p.SHA256, func(ctx context.Context) (Notice, error) { return f.read(ctx, p) })
	if err != nil {
		return n, fmt.Errorf("reading the licence of %s: %w", p.Name, err)
	}
	return n, nil
}

func (f Finder) read(ctx context.Context, p deb.Package) (n Notice, err error) {
	if n.Source, n.SourceVersion, err = f.Apt.Source(ctx, p); err != nil {
		return n, err
	}
	t, err := f.Apt.Unpack(ctx, p)
	if err != nil {
		return n, err
	}
	text, see, err := f.Apt.Copyright(t)
	if err != nil {
		return n, err
	}
	n.Licence, n.See = licence.None, see
	if text != nil {
		n.Notice = licence.Debian(n.Source, text)
	}
	return n, nil
}
