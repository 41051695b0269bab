package build

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/notices"
	"github.com/imgbuild/imgbuild/build/sbom"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// write puts every artifact of the image into staging.
func (e *Env) write(ctx context.Context, image *Image, out *staging) error {
	p := image.Plan
	dir, err := scratch.New("")
	if err != nil {
		return err
	}
	defer dir.Remove()
	packed, err := e.packer(image).Pack(ctx, p, dir.Path)
	if err != nil {
		return err
	}
	if err := writeFiles(ctx, image, packed, out); err != nil {
		return err
	}
	if err := e.writeMedia(ctx, image, packed, out); err != nil {
		return err
	}
	if image.Profile.Writes(profile.FormatNetboot) {
		if err := out.bytes(ctx, media.Name(image.Profile, profile.FormatNetboot), media.IPXE(p)); err != nil {
			return err
		}
	}
	papers, err := e.notices().Papers(ctx, sbom.Image{Name: p.Name, Version: p.Version, Summary: image.Profile.Summary, Created: e.Epoch}, e.materials(image))
	if err != nil {
		return err
	}
	if err := out.bytes(ctx, p.Name+notices.SBOMFile, papers.SBOM); err != nil {
		return err
	}
	if err := out.bytes(ctx, p.Name+notices.LicencesFile, papers.Licences); err != nil {
		return err
	}
	err = out.add(ctx, p.Name+".manifest.json", everybody, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(image.manifest(packed, out.made))
	})
	if err != nil {
		return err
	}
	return nil
}

// writeFiles writes kernel, initramfs and command line where a format wants them as
// files.
func writeFiles(ctx context.Context, image *Image, packed []segments.Packed, out *staging) error {
	p := image.Plan
	if !image.Profile.Writes(profile.FormatKernel, profile.FormatNetboot) {
		return nil
	}
	err := out.copy(ctx, p.Name+"-kernel", everybody, image.open, p.Kernel)
	if err != nil {
		return err
	}
	err = out.add(ctx, p.Name+"-initrd.img", image.readers(), func(w io.Writer) error {
		return segments.Write(w, packed)
	})
	if err != nil || !image.Profile.Writes(profile.FormatKernel) {
		return err
	}
	return out.bytes(ctx, p.Name+"-cmdline", []byte(p.Cmdline+"\n"))
}

// writeMedia writes the formats that hold kernel and initramfs in one file.
func (e *Env) writeMedia(ctx context.Context, image *Image, packed []segments.Packed, out *staging) error {
	if image.tools == nil {
		return nil
	}
	set, err := image.tools.Compose(media.Image{Profile: image.Profile, Plan: image.Plan, Epoch: e.Epoch, Open: image.open, Initrd: packed, Signer: image.signer})
	if err != nil {
		return err
	}
	defer set.Close()
	made := make([]Artifact, len(set.Media))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, m := range set.Media {
		g.Go(func() (err error) {
			step := e.Progress.Step("writing "+m.Name, 0)
			defer func() { step.Done(err) }()
			made[i], err = out.medium(ctx, m, image.readers())
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	out.made = append(out.made, made...)
	return nil
}

// Artifacts names what Build would write into dir for profile.FormatKernel, kernel first.
func Artifacts(p *profile.Profile, dir string) (kernel, initrd, cmdline string) {
	at := func(suffix string) string { return filepath.Join(dir, string(p.Name)+suffix) }
	return at("-kernel"), at("-initrd.img"), at("-cmdline")
}

// Medium is where Build would write a format into dir; for netboot that is the
// script. FormatKernel is three files: see Artifacts.
func Medium(p *profile.Profile, dir string, f profile.Format) string {
	return filepath.Join(dir, media.Name(p, f))
}
