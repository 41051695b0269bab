package array

import (
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// joining is the command that takes a member in.
func joining(l md.Late) []string {
	how := "--re-add"
	if l.Spare() {
		how = "--add"
	}
	return []string{"mdadm", md.DevicePath(l.Device), how, md.DevicePath(l.Member.Device)}
}

// join takes a member in. mdadm takes one back only where the kernel finds that it need not be written anew as a whole.
func (a *arrays) join(name string, l md.Late) error {
	command := joining(l)
	a.Log.Info(fmt.Sprintf("array %s: %s came late: %s", name, l.Member, strings.Join(command, " ")))
	if _, err := a.run(a.Life, "", mdadm, command[1:]...); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	a.remember(l.Member)
	return nil
}
