package build

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/build/cache"
)

// CacheReport is what CheckCache found.
type CacheReport struct {
	// Damaged are entries that are not what builds put there; they are dropped.
	Damaged []*cache.DamageError
	// Unknown counts entries that the index does not know, and packages whose hash is not their name: builds
	// make them anew.
	Unknown int
	// ForeignLists: apt's package lists are not what the last build fetched. The next build that asks apt fetches them anew.
	ForeignLists bool
}

// CheckCache reads everything that the cache holds and compares it with the index, or, where that is what builds
// do, with the hash in its name. The report is true as far as it goes also with an error.
func (e *Env) CheckCache(ctx context.Context) (CacheReport, error) {
	var r CacheReport
	items, err := e.Cache.List()
	if err != nil {
		return r, err
	}
	for _, item := range items {
		if err := ctx.Err(); err != nil {
			return r, context.Cause(ctx)
		}
		entry, ok, err := e.Apt.Entry(ctx, item.Kind, item.Key)
		if err != nil {
			return r, err
		}
		if !ok {
			r.Unknown++
			continue
		}
		step := e.Progress.Step("reading "+item.Kind+"/"+item.Key, 0)
		err = errors.Join(entry.Check(), e.Apt.CheckTree(item.Kind, entry))
		step.Done(err)
		var bad *cache.DamageError
		if err != nil && !errors.As(err, &bad) {
			return r, err
		}
		if bad != nil {
			r.Damaged = append(r.Damaged, bad)
			if err := e.Cache.Drop(item.Kind, item.Key); err != nil {
				return r, err
			}
		}
	}
	same, err := e.Apt.CheckLists(ctx)
	r.ForeignLists = err == nil && !same
	return r, err
}
