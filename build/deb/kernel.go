package deb

import (
	"context"
	"fmt"
	"strings"
)

// Kernel returns the package that holds the kernel which pkg stands for:
// linux-image-amd64 depends on linux-image-6.1.0-56-amd64. Nothing that a kernel
// package depends on comes along, that is its maintainer scripts' tooling. The
// answer is remembered as Resolve's is.
func (a *Apt) Kernel(ctx context.Context, pkg string) (Package, error) {
	if !nameForm.MatchString(pkg) {
		return Package{}, fmt.Errorf("resolving the kernel: %q is not the name of a package", pkg)
	}
	found, err := a.remember(ctx, "kernel "+pkg, func(s *session) ([]Package, error) {
		p, err := s.kernel(ctx, pkg)
		return []Package{p}, err
	})
	if err != nil {
		return Package{}, fmt.Errorf("resolving the kernel: %w", err)
	}
	return found[0], nil
}

func (s *session) kernel(ctx context.Context, pkg string) (Package, error) {
	name, version, _ := strings.Cut(pkg, "=")
	for range 4 { // a metapackage may depend on another
		records, err := s.show(ctx, version == "", name)
		if err != nil {
			return Package{}, err
		}
		record, ok := records.find(name, version)
		if !ok {
			return Package{}, s.explain(ctx, []string{name}, fmt.Errorf("no source has %s", pkg))
		}
		next, more := record.dependsOn("linux-image-")
		if !more {
			return record.pkg()
		}
		name, version = next, ""
	}
	return Package{}, fmt.Errorf("%s leads from one package to the next, at last to %s", pkg, name)
}
