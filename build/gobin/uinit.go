package gobin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild"
)

const uinitDir = "uinit"

// Uinit returns the init program, without what the build tags leave out
// (spec.Machine.Without). The error is ErrNoSource if there is nothing
// to compile, a NoGoError where there is no usable Go; the text of a compile
// error holds the compiler's lines.
func (b *Builder) Uinit(ctx context.Context, tags ...string) (Binary, error) {
	if b.UinitFile != "" {
		return inspect(b.UinitFile)
	}
	src, err := b.source()
	if err != nil {
		return Binary{}, err
	}
	build := b.uinitOfRelease
	if src.checkout != "" {
		build = b.uinitOfCheckout
	}
	bin, err := build(ctx, src, tags)
	if err != nil {
		return Binary{}, fmt.Errorf("compiling uinit: %w", err)
	}
	return bin, nil
}

// uinitOfRelease compiles a published version in a module of its own, because
// "go install" of a package at a version ignores what go.sum pins.
func (b *Builder) uinitOfRelease(ctx context.Context, src source, tags []string) (Binary, error) {
	r := src.release
	t, err := b.toolchain(ctx, r.goMod)
	if err != nil {
		return Binary{}, err
	}
	d := uinitDigest(t, r.goMod, r.goSum, tags)
	d.text(r.path, r.version+" "+r.sum)
	step := fmt.Sprintf("compiling uinit %s with %s", r.version, t.version)
	return b.program(ctx, "uinit", d.key(), step, func(ctx context.Context, work, out string) ([]Module, error) {
		t.tmp = work
		dir := filepath.Join(work, "module")
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
		if err := r.writeModule(dir, "uinit.imgbuild.invalid"); err != nil {
			return nil, err
		}
		return nil, t.build(ctx, dir, out, r.path+"/"+uinitDir, uinitBuild(tags)...)
	})
}

var errEdited = errors.New("the source changes while it is being compiled")

// uinitOfCheckout compiles a working tree. If somebody saves a file meanwhile,
// what was compiled does not belong to the key, so it is not kept.
func (b *Builder) uinitOfCheckout(ctx context.Context, src source, tags []string) (Binary, error) {
	const tries = 3
	for try := 1; ; try++ {
		t, key, err := b.checkoutKey(ctx, src.checkout, tags)
		if err != nil {
			return Binary{}, err
		}
		bin, err := b.program(ctx, "uinit", key, "compiling uinit with "+t.version, func(ctx context.Context, work, out string) ([]Module, error) {
			t.tmp = work
			if err := t.build(ctx, src.checkout, out, "./"+uinitDir, uinitBuild(tags)...); err != nil {
				return nil, err
			}
			if _, now, err := b.checkoutKey(ctx, src.checkout, tags); err != nil || now != key {
				return nil, errors.Join(errEdited, err)
			}
			return nil, nil
		})
		if !errors.Is(err, errEdited) || try == tries {
			return bin, err
		}
	}
}

func (b *Builder) checkoutKey(ctx context.Context, checkout string, tags []string) (toolchain, string, error) {
	goMod, goSum, err := moduleFiles(checkout)
	if err != nil {
		return toolchain{}, "", err
	}
	t, err := b.toolchain(ctx, goMod)
	if err != nil {
		return toolchain{}, "", err
	}
	d := uinitDigest(t, goMod, goSum, tags)
	if err := fingerprint(d, newSourceDir(checkout), imgbuild.Module, uinitDir); err != nil {
		return toolchain{}, "", err
	}
	return t, d.key(), nil
}

// uinitBuild are the flags that uinit is built with, besides those of every program.
func uinitBuild(tags []string) []string {
	return append(slices.Clone(uinitFlags), "-tags="+strings.Join(tags, ","))
}

func uinitDigest(t toolchain, goMod, goSum []byte, tags []string) digest {
	d := newDigest("uinit 1")
	d.text("go", t.version)
	d.text("shape", fmt.Sprint(shape, compileFlags, linkFlags, uinitFlags))
	d.text("tags", strings.Join(tags, ","))
	d.bytes("go.mod", goMod)
	d.bytes("go.sum", goSum)
	return d
}
