package deb

import (
	"context"
	"fmt"
)

// records are what apt's lists say about some packages.
type records []stanza

// show returns the records of the named packages: of the version that apt would
// install, which a pin or a backport makes another than the highest, or of all that
// the sources have. A package that they lack is lacking in the result.
func (s *session) show(ctx context.Context, candidate bool, names ...string) (records, error) {
	args := []string{"apt-cache", "show", "--all-versions", "--"}
	if candidate {
		args[2] = "--no-all-versions"
	}
	out, err := s.apt(ctx, command{}, append(args, names...)...)
	if err != nil && len(out) == 0 {
		// It fails where it finds nothing, which is an answer, and for other reasons.
		if missing := s.explain(ctx, names, nil); missing == nil || ctx.Err() != nil {
			return nil, err
		}
		return nil, nil
	}
	all, err := parseControl(out)
	if err != nil {
		return nil, fmt.Errorf("reading apt-cache's answer: %w", err)
	}
	return all, nil
}

// find returns a package's record, of any version where that is "".
func (r records) find(name, version string) (stanza, bool) {
	for _, s := range r {
		// What counts as installed, the stand-in, has no file to download.
		if s["package"] == name && s["filename"] != "" && (version == "" || s["version"] == version) {
			return s, true
		}
	}
	return nil, false
}
