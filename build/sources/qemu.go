package sources

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

const (
	qemuPackage = "qemu-system-x86"
	qemuProgram = "usr/bin/qemu-system-x86_64"
	// qemuSeen is the note, in the cache's index, of what the QEMU that was built with last knows.
	qemuSeen = "guests-of-" + qemuPackage
)

// qemuKnows are the machines and processors that a QEMU has.
type qemuKnows struct {
	// Package is the SHA-256 of its package.
	Package  string
	Machines []string // only those of the kind that guests get
	Models   []string
}

// CheckGuests finds machines and processors of guests that QEMU does not have, without network. known is false where no QEMU was
// built with on this machine, so that nobody here can tell.
func (f Finder) CheckGuests(p *profile.Profile) (known bool, err error) {
	q, known := f.recallQEMU()
	if !known || len(p.VM) == 0 {
		return known || len(p.VM) == 0, nil
	}
	return true, q.judge(p).Err()
}

// guests finds what CheckGuests does, by the QEMU that comes into the image, which tells by itself. One that does not run here is
// taken as it is.
func (f Finder) guests(ctx context.Context, p *profile.Profile, packages []deb.Package) error {
	i := slices.IndexFunc(packages, func(p deb.Package) bool { return p.Name == qemuPackage })
	if len(p.VM) == 0 || i < 0 {
		return nil
	}
	q, known := f.recallQEMU()
	if !known || q.Package != packages[i].SHA256 {
		var err error
		if q, err = f.askQEMU(ctx, packages); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			f.Progress.Note("machine and cpu_model of guests are not checked: %v", err)
			return nil
		}
		q.Package = packages[i].SHA256
		note, err := json.Marshal(q)
		if err != nil {
			return err
		}
		if err := f.Cache.SetNote(qemuSeen, note); err != nil {
			return err
		}
	}
	return q.judge(p).Err()
}

func (f Finder) recallQEMU() (q qemuKnows, known bool) {
	err := json.Unmarshal(f.Cache.Note(qemuSeen), &q)
	return q, err == nil && len(q.Machines) > 0 && len(q.Models) > 0
}

// askQEMU has the QEMU of these packages list what it knows.
func (f Finder) askQEMU(ctx context.Context, packages []deb.Package) (q qemuKnows, err error) {
	err = unpacked.With(ctx, f.Apt, packages, []string{"/" + qemuProgram}, func(root string) error {
		program := unpacked.Program{Root: root, Path: qemuProgram}
		machines, err := program.Output(ctx, "-machine", "help")
		if err != nil {
			return err
		}
		models, err := program.Output(ctx, "-cpu", "help")
		q.Machines, q.Models = machinesIn(machines), modelsIn(models)
		if err == nil && (len(q.Machines) == 0 || len(q.Models) == 0) {
			err = fmt.Errorf("%s lists no machines or processors", qemuProgram)
		}
		return err
	})
	return q, err
}

// machinesIn reads what "-machine help" prints: a name a line, and what it is.
func machinesIn(help string) (names []string) {
	for line := range strings.Lines(help) {
		name, _, _ := strings.Cut(line, " ")
		if m := spec.VMMachine(""); m.UnmarshalText([]byte(name)) == nil {
			names = append(names, name)
		}
	}
	return names
}

// modelsIn reads what "-cpu help" prints: the processors, up to an empty line, with "x86" before each name or without it.
func modelsIn(help string) (names []string) {
	for line := range strings.Lines(help) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "x86" {
			words = words[1:]
		}
		switch {
		case len(words) == 0 && len(names) > 0:
			return names
		case len(words) > 0 && !strings.HasSuffix(strings.TrimSpace(line), ":"):
			names = append(names, words[0])
		}
	}
	return names
}

func (q qemuKnows) judge(p *profile.Profile) (problems profile.Problems) {
	bad := func(key, format string, args ...any) {
		problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: fmt.Sprintf(format, args...)})
	}
	for _, name := range slices.Sorted(maps.Keys(p.VM)) {
		v, key := p.VM[name], problem.JoinKey("vm", name)
		if m := string(v.Machine); !slices.Contains(q.Machines, m) {
			bad(key+".machine", "the image's QEMU has no machine %s%s; accepted: %s", m, suggest.DidYouMean(m, q.Machines), strings.Join(q.Machines, ", "))
		}
		if c := string(v.CPUModel); !slices.Contains(q.Models, c) {
			bad(key+".cpu_model", "the image's QEMU has no processor %s%s; accepted: host, or one that \"qemu-system-x86_64 -cpu help\" lists, such as EPYC-v4", c, suggest.DidYouMean(c, q.Models))
		}
	}
	return problems
}
