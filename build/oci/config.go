package oci

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// signal is how an image names the one that ends it: SIGTERM, TERM, 15, SIGRTMIN+3.
var signal = regexp.MustCompile(`(?i)^(SIG)?[A-Z][A-Z0-9]*([+-][0-9]{1,2})?$|^[0-9]{1,2}$`)

// configOf reads what an image says of itself, and refuses what makes no sense. layers is how many its manifest has.
func configOf(text []byte, layers int) (v1.Image, error) {
	var c v1.Image
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("the image's configuration is none: %w", err)
	}
	bad := func(format string, args ...any) (v1.Image, error) {
		return c, fmt.Errorf("the image's configuration "+format, args...)
	}
	switch {
	case c.OS != system || c.Architecture != architecture:
		return bad("says that it is for %q on %q; accepted: %s", c.OS, c.Architecture, ours)
	case c.RootFS.Type != "layers":
		return bad("has a root of the type %q; accepted: layers", c.RootFS.Type)
	case len(c.RootFS.DiffIDs) != layers:
		return bad("names %d layers, and its manifest %d", len(c.RootFS.DiffIDs), layers)
	}
	for _, id := range c.RootFS.DiffIDs {
		if err := valid(descriptor(string(id))); err != nil {
			return bad("names a layer wrong: %v", err)
		}
	}
	for _, e := range c.Config.Env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return bad("has %q in the environment; accepted: NAME=VALUE", e)
		}
	}
	switch dir, stop := c.Config.WorkingDir, c.Config.StopSignal; {
	case dir != "" && !path.IsAbs(dir):
		return bad("has the directory %q; accepted: an absolute one", dir)
	case stop != "" && !signal.MatchString(stop):
		return bad("has the stop signal %q; accepted: a name such as SIGTERM, or a number", stop)
	}
	for _, all := range [][]string{c.Config.Env, c.Config.Entrypoint, c.Config.Cmd, {c.Config.WorkingDir, c.Config.User}} {
		for _, s := range all {
			if strings.ContainsRune(s, 0) {
				return bad("has a text with a zero in it: %q", s)
			}
		}
	}
	return c, nil
}

// signalName is a signal as kill(1) names it: SIGTERM; a number stays one.
func signalName(text string) string {
	text = strings.ToUpper(text)
	if text == "" || text[0] <= '9' || strings.HasPrefix(text, "SIG") {
		return text
	}
	return "SIG" + text
}
