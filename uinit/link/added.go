package link

import (
	"context"
	"errors"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// adds is the work behind a unit that brings up the interfaces of a kind that the box's owner has added, which have no units of
// their own.
func (l *links) adds(kind string) feature.Step {
	return feature.Step{
		Run:     func(ctx context.Context) error { return l.addAll(ctx, l.added(kind)) },
		Waiting: func() string { return l.addedWaiting(l.added(kind)) },
	}
}

func (l *links) added(kind string) (names []string) {
	links := l.Machine.Now().Links()
	for _, name := range graph.Names(links) {
		if _, planned := l.planned[name]; !planned && links[name].Kind == kind {
			names = append(names, name)
		}
	}
	return names
}

// addAll brings them up, side by side.
func (l *links) addAll(ctx context.Context, names []string) error {
	failed := make(chan error, len(names))
	for _, name := range names {
		go func() {
			err := l.manager().Configure(ctx, name)
			if err == nil {
				err = l.manager().Online(ctx, name)
			}
			failed <- err
		}()
	}
	var all []error
	for range names {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}

func (l *links) addedWaiting(names []string) string {
	var lines []string
	for _, name := range names {
		if text := l.waiting(name); text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	return strings.Join(lines, "; ")
}
