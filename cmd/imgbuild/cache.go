package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func (a *app) cacheCommand() *cobra.Command {
	var (
		dir         string
		asJSON, all bool
	)
	c := &cobra.Command{
		Use: "cache", Short: "Show what the cache holds", Args: noArguments,
		Long: `Says how much the cache holds of each kind, the largest first; with --entries each entry
by itself, the one that was used longest ago first, packages by their names.`,
		RunE: func(*cobra.Command, []string) error {
			store, err := cache.Open(dir)
			if err != nil {
				return err
			}
			items, err := store.List()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(items)
			}
			var total int64
			var names map[string]string
			if all {
				names = deb.Names(store)
			}
			for _, i := range items {
				total += i.Size
				if all {
					fmt.Fprintf(a.stdout, "%-12s %8.1f MB  used %s  %.16s  %s\n", i.Kind, float64(i.Size)/1e6, i.Used.Format(time.DateTime), i.Key, shown.Line(names[i.Key]))
				}
			}
			if !all {
				printKinds(a.stdout, items)
			}
			fmt.Fprintf(a.stdout, "%s, %.1f MB in %s\n", entries(len(items)), float64(total)/1e6, store.Dir())
			return nil
		},
	}
	c.PersistentFlags().StringVar(&dir, "cache", "", "cache `DIR` (default $IMGBUILD_CACHE, else imgbuild in the user's cache directory)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: each entry")
	c.Flags().BoolVar(&all, "entries", false, "list each entry")
	c.AddCommand(a.pruneCommand(&dir), a.checkCacheCommand(&dir))
	return c
}

func (a *app) pruneCommand(dir *string) *cobra.Command {
	var limit string
	c := &cobra.Command{
		Use: "prune", Short: "Remove what was used longest ago, down to a size", Args: noArguments,
		Long: `Removes what was used longest ago until no more than --limit is left; without
--limit, all of it. The next builds download and compile again what they need.`,
		RunE: func(*cobra.Command, []string) error {
			var size spec.Size
			if limit != "" {
				if err := size.UnmarshalText([]byte(limit)); err != nil {
					return usageError{fmt.Errorf("--limit: %w", err)}
				}
			}
			store, err := cache.Open(*dir)
			if err != nil {
				return err
			}
			removed, err := store.Prune(int64(size), 0)
			var total int64
			for _, i := range removed {
				total += i.Size
			}
			fmt.Fprintf(a.stdout, "removed %s, %.1f MB\n", entries(len(removed)), float64(total)/1e6)
			return err
		},
	}
	c.Flags().StringVar(&limit, "limit", "", "`SIZE` to keep, such as 2G (default 0: nothing)")
	return c
}

func (a *app) checkCacheCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Read all that the cache holds, and drop what is damaged", Args: noArguments,
		Long: `Compares every file of the cache with the index of what builds put there, which
lies in $XDG_STATE_HOME or else ~/.local/state; packages that the index does not know
with the hash in their name, and apt's package lists with what the last build fetched.
What is another is named, and entries are dropped; the next builds make it anew.
Builds do the same by themselves with what they read.
Exit codes: 0 nothing is damaged, 1 something was.`,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := build.NewEnv(*dir, a.reporter())
			if err != nil {
				return err
			}
			found, err := e.CheckCache(c.Context())
			for _, bad := range found.Damaged {
				fmt.Fprintln(a.stdout, bad)
			}
			if found.Unknown > 0 {
				fmt.Fprintf(a.stdout, "%s not in the index, which builds make anew\n", entries(found.Unknown))
			}
			if found.ForeignLists {
				fmt.Fprintln(a.stdout, "apt's package lists are not what the last build fetched: the next one that asks apt fetches them anew")
			}
			switch {
			case err != nil:
			case len(found.Damaged) > 0:
				err = fmt.Errorf("dropped from the cache: %s", entries(len(found.Damaged)))
			case found.ForeignLists:
				err = errors.New("apt's package lists in the cache are not believed")
			}
			return err
		},
	}
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
