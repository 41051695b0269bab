package link

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/graph"
)

// added are the VLANs that the box's owner has added; they have no units of their own.
func (l *links) added() []string {
	return slices.DeleteFunc(graph.Names(l.Machine.Now().VLAN), func(name string) bool { return slices.Contains(l.planned, name) })
}

// addVLANs brings up those that were added, side by side.
func (l *links) addVLANs(ctx context.Context) error {
	names := l.added()
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

func (l *links) vlansWaiting() string {
	var lines []string
	for _, name := range l.added() {
		if text := l.waiting(name); text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	return strings.Join(lines, "; ")
}
