package array

import (
	"context"
	"fmt"
	"sync"

	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// candidates are for who wants a member replaced and has not said by what: the members, and the blank disks that may be one. They
// are looked at side by side, for it takes seconds each.
func (a *arrays) candidates(ctx context.Context, name string, to feature.Asker) error {
	h, err := md.Examine(a.sys, a.running()[name])
	if err != nil {
		return err
	}
	to.Tell("members of %s:", name)
	a.tellMembers(h, to)
	names := disk.Names(a.sys)
	may := make([]bool, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		if disk.Keeps(name) {
			all.Go(func() { may[i] = a.free(ctx, md.Describe(a.sys, name)) == nil })
		}
	}
	all.Wait()
	to.Tell("blank disks:")
	none := true
	for i, name := range names {
		if may[i] {
			to.Tell("  %s", a.described(name))
			none = false
		}
	}
	if none {
		to.Tell("  none; \"uinitctl disk list\" shows all, \"uinitctl disk erase\" makes one blank")
	}
	return fmt.Errorf("accepted: array replace %s OLD NEW, where OLD is one of the members and NEW one of the blank disks", name)
}
