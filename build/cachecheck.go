package build

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/build/cache"
)

// CheckCache reads everything that the cache holds and compares it with the index. Entries that are
// damaged are named, and dropped; unknown counts those that the index does not know, which no build believes.
func (e *Env) CheckCache(ctx context.Context) (damaged []*cache.DamageError, unknown int, err error) {
	items, err := e.Cache.List()
	if err != nil {
		return nil, 0, err
	}
	for _, item := range items {
		if err := ctx.Err(); err != nil {
			return damaged, unknown, context.Cause(ctx)
		}
		entry, ok := e.Cache.Lookup(item.Kind, item.Key)
		if !ok {
			unknown++
			continue
		}
		step := e.Progress.Step("reading "+item.Kind+"/"+item.Key, 0)
		err := errors.Join(entry.Check(), e.Apt.CheckTree(item.Kind, entry))
		step.Done(err)
		var bad *cache.DamageError
		if err != nil && !errors.As(err, &bad) {
			return damaged, unknown, err
		}
		if bad != nil {
			damaged = append(damaged, bad)
			if err := e.Cache.Drop(item.Kind, item.Key); err != nil {
				return damaged, unknown, err
			}
		}
	}
	return damaged, unknown, nil
}
