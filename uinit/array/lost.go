package array

import (
	"io/fs"
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// media are the numbers that the kernel gave to what is in these devices.
func (a *arrays) media(members []md.Member) (media []string) {
	for _, m := range members {
		media = append(media, a.medium(m.Device))
	}
	return media
}

// others says that one of these devices is not the one any more that was found by its name: it is gone, or another one has the name.
func (a *arrays) others(members []md.Member, media []string) bool {
	return !slices.Equal(media, a.media(members)) || slices.ContainsFunc(members, func(m md.Member) bool {
		return m.Number != disk.Attribute(a.sys, m.Device, "dev")
	})
}

// lost says that an array could not be started because a member went after it was decided, or because somebody else has it now.
func (a *arrays) lost(op md.Op) bool {
	var media []string
	a.mu.Lock()
	for _, m := range op.Members {
		media = append(media, a.late.considered[m.Device])
	}
	a.mu.Unlock()
	return a.others(op.Members, media) || slices.ContainsFunc(op.Members, func(m md.Member) bool {
		holders, _ := fs.ReadDir(a.sys, path.Join("class/block", m.Device, "holders"))
		return slices.ContainsFunc(holders, func(h fs.DirEntry) bool { return h.Name() != op.Device })
	})
}
