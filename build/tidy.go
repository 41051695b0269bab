package build

import (
	"fmt"
	"os"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	// defaultLimit holds a few kernels, their modules and every program made lately.
	defaultLimit = 8 << 30
	// limitEnv overrides it.
	limitEnv = "IMGBUILD_CACHE_LIMIT"
	// young entries stay: a build beside this one may be about to use them.
	young = time.Hour
)

// cacheLimit is how large the cache may grow, in bytes.
func cacheLimit() (int64, error) {
	text, ok := os.LookupEnv(limitEnv)
	if !ok {
		return defaultLimit, nil
	}
	var size spec.Size
	if err := size.UnmarshalText([]byte(text)); err != nil {
		return 0, fmt.Errorf("%s: %w", limitEnv, err)
	}
	return int64(size), nil
}

// tidy keeps the cache within its limit: what was used longest ago goes first.
// It comes after a build that succeeded, so its trouble is worth a note only.
func (e *Env) tidy() {
	removed, err := e.Cache.Prune(e.Limit, young)
	if err != nil {
		e.Progress.Note("keeping the cache within %s: %v", spec.Size(e.Limit), err)
	}
	var freed int64
	for _, item := range removed {
		freed += item.Size
	}
	if freed > 0 {
		e.Progress.Note("the cache was over %s: removed %.1f MB that were used longest ago", spec.Size(e.Limit), float64(freed)/1e6)
	}
}
