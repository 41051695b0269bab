package update

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// stateFormat is the number of how what lies below state.path is written. It is raised when one of those who keep something there writes
// it in a way that earlier versions would misread; what only adds to it does not.
const stateFormat = 1

// stateFormatFile is where it stands, below state.path.
const stateFormatFile = "format"

// markState notes in the state directory how this version writes there, and says so where a later one has been: the box has come back from
// it, and what it left may be read wrongly.
func (u *updater) markState() {
	dir := u.Machine.Now().State.Path
	if dir == "" || !bounded.OnDisk(dir) {
		return
	}
	file := path.Join(dir, stateFormatFile)
	text, err := bounded.Read(file, 32)
	found, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && bad == nil && found < stateFormat:
		err = bounded.Write(file, []byte(strconv.Itoa(stateFormat)+"\n"), 0o644)
	case err == nil:
		err = bad
	}
	if err != nil {
		u.Log.Warn(fmt.Sprintf("update: the format of %s: %v", dir, err))
		return
	}
	u.Facts.Fact(plan.StateFormat.Is(max(found, stateFormat)))
	if found > stateFormat {
		text := fmt.Sprintf("%s was written by a later version: format %d, and this one knows %d", dir, found, stateFormat)
		u.Facts.Note("state", text)
		u.Log.Error("update: " + text)
	}
}
