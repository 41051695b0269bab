package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/iso"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/vhd"
	"github.com/imgbuild/imgbuild/build/vmdk"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/site"
)

// Medium is where Build would write a format into dir; for netboot that is the
// script. FormatKernel is three files: see Artifacts.
func Medium(p *profile.Profile, dir string, f profile.Format) string {
	suffix := map[profile.Format]string{
		profile.FormatUKI: ".efi", profile.FormatISO: ".iso", profile.FormatNetboot: ".ipxe", profile.FormatDisk: p.Disk.Format.Suffix(),
	}[f]
	return filepath.Join(dir, string(p.Name)+suffix)
}

// medium is an artifact and how it is composed.
type medium struct {
	name    string
	compose func() (*extent.Image, error)
}

// media writes the formats that hold kernel and initramfs in one file. The unified
// kernel image is composed once, and signed once, for all of them.
func (e *Env) media(ctx context.Context, image *Image, segments []packed, out *staging) error {
	if image.tools == nil {
		return nil
	}
	var files closers
	defer files.close()
	unified, err := e.unified(image, segments, &files)
	if err != nil {
		return err
	}
	state, err := image.tools.statePart(&files)
	if err != nil {
		return err
	}
	wanted := e.mediaOf(image, unified, state)
	made := make([]Artifact, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, m := range wanted {
		g.Go(func() (err error) {
			step := e.Progress.Step("writing "+m.name, 0)
			defer func() { step.Done(err) }()
			composed, err := m.compose()
			if err != nil {
				return err
			}
			made[i], err = out.sparse(ctx, m.name, image.readers(), composed)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	out.made = append(out.made, made...)
	return nil
}

// mediaOf lists what the profile's formats ask for.
func (e *Env) mediaOf(image *Image, unified *extent.Image, state extent.Content) []medium {
	p, name := image.Profile, image.Plan.Name
	var all []medium
	if p.Writes(profile.FormatUKI, profile.FormatNetboot) {
		all = append(all, medium{name + ".efi", func() (*extent.Image, error) { return unified, nil }})
	}
	if p.Writes(profile.FormatDisk) {
		file := name + p.Disk.Format.Suffix()
		all = append(all, medium{file, func() (*extent.Image, error) {
			raw, _, err := disk.New(disk.Config{Name: name, Epoch: e.Epoch, UKI: unified, GRUB: image.tools.disk, Menu: menu(image.Plan, &p.Machine),
				Files: espFiles(p), Spare: int64(p.Disk.Spare), State: int64(p.Disk.State), StateImage: state})
			if err != nil {
				return nil, err
			}
			return e.wrap(raw, p.Disk.Format, name, file)
		}})
	}
	if p.Writes(profile.FormatISO) {
		all = append(all, medium{name + ".iso", func() (*extent.Image, error) {
			return iso.New(iso.Config{Name: name, Epoch: e.Epoch, UKI: unified, GRUB: image.tools.iso, Menu: menu(image.Plan, &p.Machine), ESPFiles: espFiles(p), Spare: int64(p.Disk.Spare)})
		}})
	}
	return all
}

// espFiles are what lies beside the UKI for people: a site.toml to fill in, where the profile takes
// one.
func espFiles(p *profile.Profile) []fat.File {
	if p.Site == nil {
		return nil
	}
	return []fat.File{{Path: site.Name, Content: strings.NewReader(site.Example(&p.Machine))}}
}

// wrap stores a disk as the profile says.
func (e *Env) wrap(raw *extent.Image, f profile.DiskFormat, name, file string) (*extent.Image, error) {
	switch f {
	case profile.DiskQCOW2:
		return qcow.New(raw)
	case profile.DiskVHD:
		return vhd.New(raw, layout.Derive(name, "vhd"), e.Epoch)
	case profile.DiskVMDK:
		return vmdk.New(raw, file, layout.Derive(name, "vmdk").VolumeID())
	}
	return raw, nil
}

// unified composes kernel, initramfs and command line into one UEFI program. It reads
// the initramfs from its files, which stay open.
func (e *Env) unified(image *Image, segments []packed, files *closers) (*extent.Image, error) {
	p := image.Plan
	kernel, err := loaded(image.open, p.Kernel)
	if err != nil {
		return nil, fmt.Errorf("composing %s.efi: %w", p.Name, err)
	}
	var size int64
	for _, s := range segments {
		size += s.size
	}
	initrd := extent.New(size)
	at := int64(0)
	for _, s := range segments {
		content, err := s.open()
		if err != nil {
			return nil, fmt.Errorf("composing %s.efi: %w", p.Name, err)
		}
		*files = append(*files, content)
		initrd.Place(at, content)
		at += s.size
	}
	release, err := image.content(p, "etc/os-release")
	if err != nil {
		return nil, fmt.Errorf("composing %s.efi: %w", p.Name, err)
	}
	stub := image.tools.stub
	if image.signer != nil {
		if stub, err = uki.Seal(stub); err != nil {
			return nil, fmt.Errorf("composing %s.efi: %w", p.Name, err)
		}
	}
	unified, err := uki.New(stub, uki.Parts{OSRelease: string(release), Cmdline: p.Cmdline, Linux: kernel, Initrd: initrd})
	if err != nil || image.signer == nil {
		return unified, err
	}
	return image.signer.sign(unified)
}

// content reads a file of the image; one that is no regular file has none.
func (i *Image) content(p *plan.Plan, path string) ([]byte, error) {
	for _, f := range p.Files {
		if f.Path != path || !f.Mode.IsRegular() {
			continue
		}
		if f.From.Store == "" {
			return f.Body, nil
		}
		r, err := i.open(f)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	return nil, nil
}

// closers are files that stay open while an image made of them is written.
type closers []io.Closer

func (c closers) close() {
	for _, f := range c {
		f.Close()
	}
}

// ipxe is the script that iPXE (https://ipxe.org/scripting) fetches and runs. The
// files lie where it lies itself. initrd= is what the kernel's own UEFI start asks for.
func ipxe(p *plan.Plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "#!ipxe\nkernel %[1]s-kernel initrd=%[1]s-initrd.img %[2]s\ninitrd %[1]s-initrd.img\nboot\n", p.Name, p.Cmdline)
	return b.Bytes()
}
