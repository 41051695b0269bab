package disk

import (
	"context"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// erase makes a device blank for whoever shows by its serial number that it is the one that is meant. Who leaves ends it.
func (a *answers) erase(ctx context.Context, device, serial string, to feature.Asker) error {
	sys := dev.Sys()
	d, err := disk.At(sys, "/dev/"+strings.TrimPrefix(device, "/dev/"))
	if err != nil {
		return err
	}
	if word := strings.Join(strings.Fields(d.Word()), " "); serial != word {
		return fmt.Errorf("the serial number of %s is %q, not %q; nothing was erased", d.Name, word, serial)
	}
	users, err := usersOf(sys)
	if err != nil {
		return err
	}
	if users := users(d.Name); len(users) > 0 {
		return fmt.Errorf("%s is in use: %s; nothing was erased", d, strings.Join(users, ", "))
	}
	a.Log.Warn("disk " + d.String() + ": erasing it, as uinitctl was told")
	last := ""
	e, err := blank.EraseDevice(ctx, d, func(what string, done, total int64) {
		if line := fmt.Sprintf("%s %s: %d %%", what, d.Name, 100*done/max(total, 1)); line != last {
			to.Progress(line)
			last = line
		}
	})
	if err != nil {
		err = fmt.Errorf("erasing %s: %w; once more goes on with what is left", d, err)
		a.Log.Error(err.Error())
		return err
	}
	did := fmt.Sprintf("disk %s: blank: zeros written over %s", d, disk.Size(e.Written))
	if e.Discarded > 0 {
		did += fmt.Sprintf(", %s discarded", disk.Size(e.Discarded))
	}
	a.Log.Warn(did)
	to.Tell("%s", did)
	to.Tell("This was no secure erase: what lies between may still be read from it.")
	return nil
}
