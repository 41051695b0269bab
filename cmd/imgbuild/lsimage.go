package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/shown"
)

// imageRow is a file of an image as "ls --json" prints it.
type imageRow struct {
	Path string `json:"path"`
	// Mode is an fs.FileMode.
	Mode   uint32 `json:"mode"`
	UID    uint32 `json:"uid"`
	GID    uint32 `json:"gid"`
	Size   int64  `json:"size"`
	Link   string `json:"link,omitempty"`
	Same   string `json:"same,omitempty"`
	Device string `json:"device,omitempty"`
	Kind   string `json:"kind,omitempty"`
}

// treeOf reads what an image comes to.
func treeOf(ctx context.Context, m *image.Image) (*image.Tree, error) {
	t, number := image.NewTree(), 0
	err := m.Walk(ctx, func(e image.Entry, _ io.Reader) error {
		_, err := t.Add(e, number)
		number++
		return err
	})
	return t, err
}

func (a *app) lsImage(ctx context.Context, m *image.Image, asJSON bool) error {
	t, err := treeOf(ctx, m)
	if err != nil {
		return err
	}
	rows := []imageRow{}
	for _, n := range t.Nodes() {
		r := imageRow{n.Path, uint32(n.Mode), n.UID, n.GID, n.Size, n.Link, n.Same, "", string(n.Kind)}
		if n.Mode&fs.ModeDevice != 0 {
			r.Device = fmt.Sprintf("%d,%d", n.Major, n.Minor)
		}
		rows = append(rows, r)
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(rows)
	}
	if !a.quiet {
		fmt.Fprintf(a.stderr, "%s: %s, %s\n", m.Name, m.Kind, count(len(rows), "file"))
	}
	out := bufio.NewWriter(a.stdout)
	for _, r := range rows {
		if _, err := fmt.Fprintln(out, r); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (r imageRow) String() string {
	size := fmt.Sprint(r.Size)
	if r.Device != "" {
		size = r.Device
	}
	line := fmt.Sprintf("%s %5d %5d %10s  %s", tree.ModeString(fs.FileMode(r.Mode)), r.UID, r.GID, size, shown.Line(r.Path))
	switch {
	case r.Link != "":
		line += " -> " + shown.Line(r.Link)
	case r.Same != "":
		line += " == " + shown.Line(r.Same)
	case r.Kind != "":
		line += "  (" + r.Kind + ")"
	}
	return line
}
