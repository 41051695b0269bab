package sources

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
)

// special says in what a file is not like others, beyond that it is closed, which a umask does too; "" where it is.
func special(f tree.Imported) string {
	switch {
	case f.Own&fs.ModeSetuid != 0 && !f.Mode.IsDir():
		return "is setuid"
	case f.Own&fs.ModeSetgid != 0 && !f.Mode.IsDir(): // on directories it comes from the folder that a checkout lies in
		return "is setgid"
	case f.Own&fs.ModeSticky != 0:
		return "is sticky"
	case f.Holds != "":
		return "looks like " + f.Holds + ", and everybody could read it in the image"
	}
	return ""
}

// isClosed says whether others may not use a file where it lies, as they may in the image.
func isClosed(f tree.Imported) bool {
	return f.Mode.IsDir() && f.Own&0o005 == 0 || f.Mode.IsRegular() && f.Own&0o004 == 0
}

// maxNamed is how many closed files a message names.
const maxNamed = 8

// sayClosed says that files of an overlay are closed to others, all in one: who copied a folder wants to hear it once.
func sayClosed(overlay string, closed []tree.Imported) string {
	var names []string
	for _, f := range closed {
		names = append(names, fmt.Sprintf("%s (%04o)", plan.MergedUsr("/"+f.Path), f.Own.Perm()))
	}
	if len(closed) == 1 {
		return fmt.Sprintf("%s in overlay %q is closed to others, and open to everybody in the image; accepted: image.modes.%q = %q, or \"usual\" to open it",
			names[0], overlay, plan.MergedUsr("/"+closed[0].Path), suggested(closed[0]))
	}
	if len(names) > maxNamed {
		names = append(names[:maxNamed], "…")
	}
	return fmt.Sprintf("%d files and directories in overlay %q are closed to others, and open to everybody in the image: %s; accepted: a row of image.modes for each that is to be closed, such as %q = %q, and \"/**\" = \"usual\" for the others",
		len(closed), overlay, strings.Join(names, ", "), plan.MergedUsr("/"+closed[0].Path), suggested(closed[0]))
}

// suggested is the mode that most likely is meant.
func suggested(f tree.Imported) string {
	if f.Holds != "" && f.Own&0o007 != 0 {
		return "0600"
	}
	return fmt.Sprintf("%04o", tree.Permissions(f.Own))
}
