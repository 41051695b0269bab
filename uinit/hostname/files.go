package hostname

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// rename writes a new name where the image has the old one. A hosts(5) of the image's own making
// stays.
func rename(etc string, old, name spec.Hostname) error {
	var failed []error
	for file, text := range map[string]func(spec.Hostname) string{
		"hosts": spec.Hosts, "hostname": func(h spec.Hostname) string { return string(h) + "\n" },
	} {
		path := filepath.Join(etc, file)
		if now, err := os.ReadFile(path); err != nil || string(now) != text(old) {
			continue
		}
		if err := os.WriteFile(path, []byte(text(name)), 0o644); err != nil {
			failed = append(failed, fmt.Errorf("writing the host's name: %w", err))
		}
	}
	return errors.Join(failed...)
}
