package build

import (
	"context"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// Row is a file of an image, why it is there, and what it costs.
type Row struct {
	Path string `json:"path"`
	// Mode is an fs.FileMode.
	Mode uint32 `json:"mode"`
	Link string `json:"link,omitempty"`
	// Same is the name that counts, of a file with several.
	Same string `json:"same,omitempty"`
	// Size unpacked, in bytes; 0 where Same has it.
	Size int64 `json:"size"`
	// Cost is the file's share of its segment's compressed size, in bytes.
	Cost    int64  `json:"cost"`
	Segment string `json:"segment"`
	Why     string `json:"why"`
}

// List says what a build would put into the initramfs.
func (e *Env) List(ctx context.Context, p *profile.Profile, o Options) (rows []Row, err error) {
	err = e.Cache.Mend(func() error {
		rows, err = e.list(ctx, p, o)
		return err
	})
	return rows, err
}

func (e *Env) list(ctx context.Context, p *profile.Profile, o Options) ([]Row, error) {
	image, err := e.Prepare(ctx, p, o)
	if err != nil {
		return nil, err
	}
	dir, err := scratch.New("")
	if err != nil {
		return nil, err
	}
	defer dir.Remove()
	packed, err := e.packer(image).Pack(ctx, image.Plan, dir.Path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	listed := map[string]bool{}
	for i, size := range image.sizes(packed) {
		files := image.Plan.Segments[i].Files
		links := tree.LinksOf(files)
		for _, f := range files {
			if f.Mode.IsDir() && listed[f.Path] {
				continue
			}
			listed[f.Path] = true
			r := Row{Path: "/" + f.Path, Mode: uint32(f.Mode), Link: f.Link, Size: links.Size(f), Segment: size.Name, Why: f.Why}
			if name := links.Content(f); name != f.Path {
				r.Same = "/" + name
			}
			if size.Unpacked > 0 {
				r.Cost = size.Packed * r.Size / size.Unpacked
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}
