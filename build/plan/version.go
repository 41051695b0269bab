package plan

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Undated is the time that files bear where nobody says one.
var Undated = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Notes are what a person should know of an image that was built.
func (p *Plan) Notes() (notes []string) {
	if p.unordered {
		notes = append(notes, fmt.Sprintf("warning: version %s is neither older nor newer than others of this profile, so that boxes take an old one as well as a new one; "+
			"accepted: version = \"2026.49\" in the profile, or SOURCE_DATE_EPOCH", p.Version))
	}
	if note := p.FirmwareNote(); note != "" {
		notes = append(notes, note)
	}
	return notes
}

// withVersion says which version an image is, and returns its files with those that say so themselves. Where the profile has none it follows from
// all other files, the kernel and its line.
func withVersion(p *profile.Profile, in Inputs, files []tree.File) (string, []tree.File, error) {
	if p.Version != "" {
		return string(p.Version), files, nil
	}
	version := in.Epoch.UTC().Format("2006.01.02.1504") + "+" + digest(in.Kernel, p.KernelLine(), files)
	before, err := versionedFiles(p, in.Epoch, "")
	if err != nil {
		return "", nil, err
	}
	after, err := versionedFiles(p, in.Epoch, version)
	if err != nil {
		return "", nil, err
	}
	files = slices.Clone(files)
	for i, f := range files {
		n := slices.IndexFunc(before, func(b tree.File) bool { return b.Path == f.Path && bytes.Equal(b.Body, f.Body) })
		if n >= 0 { // else an overlay's took its place
			files[i].Body, files[i].Size = after[n].Body, int64(len(after[n].Body))
		}
	}
	return version, files, nil
}

// rounds make a hash of secrets slow to guess by: everybody may read the version of a box, and its image holds passwords (pbkdf2, RFC 8018). Once, they take
// a few milliseconds.
const rounds = 20000

// digest is eight digits of a hash of all that two images can differ by, in hex. Where something is from, and why it is there, does not count.
func digest(kernel tree.File, line string, files []tree.File) string {
	d := sha256.New()
	fmt.Fprintf(d, "%s %q\n", kernel.From.SHA256, line)
	for _, f := range files {
		content := f.From.SHA256
		if f.From == (tree.Source{}) {
			body := sha256.Sum256(f.Body)
			content = hex.EncodeToString(body[:])
		}
		fmt.Fprintf(d, "%q %o %d:%d %q %d:%d %q %d %s\n", f.Path, tree.Permissions(f.Mode)|uint32(f.Mode.Type()), f.UID, f.GID, f.Link, f.Major, f.Minor, f.Same, f.Size, content)
	}
	short, err := pbkdf2.Key(sha256.New, string(d.Sum(nil)), []byte("version"), rounds, 4)
	if err != nil {
		panic("BUG: " + err.Error()) // of the lengths alone
	}
	return hex.EncodeToString(short)
}
