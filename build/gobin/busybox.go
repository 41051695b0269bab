package gobin

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/imgbuild/imgbuild"
)

// busyboxModule is the main module of the generated source. The .invalid name
// (RFC 6761) can be nobody's.
const busyboxModule = "busybox.imgbuild.invalid"

//go:embed busybox.go.tmpl
var busyboxMain string

// Busybox returns a program that is all these commands: it acts by the base name
// it is called by, or by its first argument. Order and repetition of commands do
// not matter. The error is an UnknownCommandError for a name that Commands does
// not have, a NoGoError where there is no usable Go.
func (b *Builder) Busybox(ctx context.Context, commands []string) (Binary, error) {
	if b.BusyboxFile != "" {
		return inspect(b.BusyboxFile)
	}
	list, err := resolve(commands)
	if err != nil {
		return Binary{}, err
	}
	deps := release{goMod: imgbuild.GoMod, goSum: imgbuild.GoSum}
	t, err := b.toolchain(ctx, deps.goMod)
	if err != nil {
		return Binary{}, err
	}
	step := fmt.Sprintf("compiling %d commands with %s", len(list), t.version)
	bin, err := b.program(ctx, "busybox", busyboxKey(t, deps, list), step, func(ctx context.Context, work, out string) ([]Module, error) {
		t.tmp = work
		return buildBusybox(ctx, t, deps, list, work, out)
	})
	if err != nil {
		return Binary{}, fmt.Errorf("compiling the busybox: %w", err)
	}
	return bin, nil
}

// busyboxKey covers all that decides the bytes. The rewriter is a module that
// go.sum pins; our own part of the generator is the template and its version.
func busyboxKey(t toolchain, deps release, list []Command) string {
	d := newDigest("busybox 1")
	d.text("go", t.version)
	d.text("shape", fmt.Sprint(shape, compileFlags, linkFlags))
	d.bytes("go.mod", deps.goMod)
	d.bytes("go.sum", deps.goSum)
	d.text("main", busyboxMain)
	for _, c := range list {
		d.text(c.Name, c.Package+" "+strings.Join(c.Aliases, " "))
	}
	for name, text := range ownFiles() {
		d.bytes(name, text)
	}
	return d.key()
}

func buildBusybox(ctx context.Context, t toolchain, deps release, list []Command, work, out string) ([]Module, error) {
	src := filepath.Join(work, "busybox")
	if err := os.Mkdir(src, 0o755); err != nil {
		return nil, err
	}
	if err := deps.writeModule(src, busyboxModule); err != nil {
		return nil, err
	}
	if err := writeOwn(src); err != nil {
		return nil, err
	}
	var paths []string
	for _, c := range list {
		if own, ok := strings.CutPrefix(c.Package, ownRoot); ok {
			paths = append(paths, busyboxModule+"/"+own)
		} else {
			paths = append(paths, c.Package)
		}
	}
	mains, err := rewrite(ctx, t, src, paths)
	if err != nil {
		return nil, err
	}
	if err := writeMain(filepath.Join(src, "main.go"), list); err != nil {
		return nil, err
	}
	return origins(mains, deps.goSum), t.build(ctx, src, out, ".")
}

func writeMain(file string, list []Command) error {
	t, err := template.New("main.go").Funcs(template.FuncMap{"base": path.Base}).Parse(busyboxMain)
	if err != nil {
		return fmt.Errorf("BUG: busybox.go.tmpl: %w", err)
	}
	var out bytes.Buffer
	data := struct {
		Module, Registry string
		Commands         []Command
	}{busyboxModule, registry, list}
	if err := t.Execute(&out, data); err != nil {
		return fmt.Errorf("BUG: busybox.go.tmpl: %w", err)
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// origins are the modules of the original commands.
func origins(mains []goPackage, goSum []byte) []Module {
	var ms []Module
	for _, p := range mains {
		if p.Module == nil || p.Module.Version == "" { // ours
			continue
		}
		m := Module{p.Module.Path, p.Module.Version, sumOf(goSum, p.Module.Path, p.Module.Version)}
		if !slices.Contains(ms, m) {
			ms = append(ms, m)
		}
	}
	return ms
}
