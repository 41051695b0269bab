package rules

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/vmlinux"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/tsc"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/scratch"
	"github.com/imgbuild/imgbuild/internal/spec"
	firewall "github.com/imgbuild/imgbuild/uinit/firewall/plan"
)

// unableError says why a guest could not judge the rules.
type unableError struct{ error }

func (e unableError) Unwrap() error { return e.error }

// guestLimits are for a boot that takes a second, or 5 s in an emulator on a quiet machine.
var guestLimits = map[string]time.Duration{qemu.AccelKVM: 8 * time.Second, qemu.AccelTCG: 90 * time.Second}

// inGuest boots the image's kernel with its modules, its nft and its rules, and with nothing else: no
// network, no disks, no services. The error is an *unableError where that did not come to a verdict.
func (t Trial) inGuest(ctx context.Context, i Image) ([]nft.Message, error) {
	p, err := noServices(i)
	if err != nil {
		return nil, err
	}
	entry, err := i.Packer.Cache.Entry(ctx, "rules", key(i.Packer, p), func(ctx context.Context, dir string) error {
		lines, err := t.boot(ctx, i.Packer, p)
		if err != nil {
			return err
		}
		b, err := json.Marshal(lines)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "verdict"), b, 0o644)
	})
	if err != nil {
		return nil, err
	}
	b, err := entry.Read("verdict")
	if err != nil {
		return nil, err
	}
	var lines []string
	if err := json.Unmarshal(b, &lines); err != nil {
		return nil, err
	}
	return nft.Messages(strings.Join(lines, "\n")), nil
}

// noServices is the image's plan for a machine that has nothing but the firewall.
func noServices(i Image) (*plan.Plan, error) {
	// Without a management path and groups to log: these are not what is tried.
	machine := spec.Machine{
		Hostname: i.Profile.Hostname,
		Firewall: &spec.Firewall{Rules: i.Profile.Firewall.Rules, ReversePath: i.Profile.Firewall.ReversePath},
	}
	defaults.Fill(&machine)
	body, err := json.Marshal(spec.Description{Machine: machine})
	if err != nil {
		return nil, err
	}
	change := func(files []tree.File) []tree.File {
		files = slices.Clone(files)
		for i, f := range files {
			if "/"+f.Path == spec.Path {
				files[i].Body, files[i].Size = body, int64(len(body))
			}
		}
		return files
	}
	p := *i.Plan
	p.Files = change(p.Files)
	p.Segments = slices.Clone(p.Segments)
	for i := range p.Segments {
		p.Segments[i].Files = change(p.Segments[i].Files)
	}
	return &p, nil
}

// key is what a verdict depends on: every file of the image but those of its own commands.
func key(k segments.Packer, p *plan.Plan) string {
	var keys []string
	for _, s := range p.Segments {
		if s.Name != "commands" && s.Name != "uinit" {
			keys = append(keys, k.Key(p, s))
		}
	}
	sum := sha256.Sum256([]byte("1 " + p.Kernel.From.SHA256 + " " + strings.Join(keys, " ")))
	return hex.EncodeToString(sum[:])
}

// boot returns the lines in which nft says what is wrong.
func (t Trial) boot(ctx context.Context, k segments.Packer, p *plan.Plan) (lines []string, err error) {
	// Before the initramfs is put together, which is read and checked for it.
	if _, err := qemu.Find(cmp.Or(t.QEMU, qemu.DefaultBinary)); err != nil {
		return nil, unable(ctx, err)
	}
	dir, err := scratch.New("")
	if err != nil {
		return nil, err
	}
	defer dir.Remove()
	packed, err := k.Pack(ctx, p, dir.Path)
	if err != nil {
		return nil, err
	}
	initrd, kernel := dir.Join("initrd"), dir.Join("kernel")
	if err := create(initrd, func(w io.Writer) error { return segments.Write(w, packed) }); err != nil {
		return nil, err
	}
	if err := create(kernel, func(w io.Writer) error { return k.Open.Copy(w, p.Kernel) }); err != nil {
		return nil, err
	}
	accel, _ := qemu.Prober{Binary: t.QEMU, CacheDir: k.Cache.Notes()}.Probe(ctx)
	if accel != qemu.AccelTCG {
		// What passed the probe may still hang later, where virtual machines are nested.
		if lines, err := t.run(ctx, kernel, initrd, accel); err == nil || ctx.Err() != nil {
			return lines, err
		}
	}
	if kernel, err = unpacked(ctx, k.Cache, p.Kernel.From.SHA256, kernel); err != nil {
		return nil, err
	}
	return t.run(ctx, kernel, initrd, qemu.AccelTCG)
}

// unpacked is the kernel as an emulated processor need not unpack it first, a file beside the other, where there is such a thing.
func unpacked(ctx context.Context, c *cache.Cache, sum, kernel string) (string, error) {
	f, err := os.Open(kernel)
	if err != nil {
		return "", err
	}
	defer f.Close()
	entry, err := vmlinux.Cached(ctx, c, sum, f)
	if errors.Is(err, vmlinux.ErrNone) {
		return kernel, nil
	}
	if err != nil {
		return "", err
	}
	bare, err := entry.Open(vmlinux.Name)
	if err != nil {
		return "", err
	}
	defer bare.Close()
	kernel += "-unpacked"
	return kernel, create(kernel, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(bare, 0, bare.Size()))
		return err
	})
}

func (t Trial) run(ctx context.Context, kernel, initrd, accel string) (lines []string, err error) {
	// The second serial port works without any driver from the image.
	words := append([]string{"console=ttyS0,115200", report.ParamReport + "=ttyS1"}, qemu.KernelArgs(accel, tsc.KHz())...)
	limited, cancel := context.WithTimeout(ctx, guestLimits[accel])
	defer cancel()
	g, err := qemu.Start(limited, qemu.Config{
		Binary: t.QEMU, Accel: accel, Kernel: kernel, Initrd: initrd, Append: strings.Join(words, " "), Serials: 1, ReportSerial: true,
	})
	if err != nil {
		return nil, unable(ctx, err)
	}
	defer g.Kill()
	if err := g.Report().Until(limited, decided); err != nil {
		return nil, unable(ctx, fmt.Errorf("booting the image's kernel: %w", err))
	}
	s := g.Report().State()
	if s.Units["firewall"].State == "ok" {
		return nil, nil
	}
	lines, _ = firewall.Problems.Read(s.Facts[firewall.Problems.Name].Value)
	if len(nft.Messages(strings.Join(lines, "\n"))) == 0 {
		return nil, unable(ctx, errors.New(s.Units["filter"].Message+s.Units["firewall"].Message))
	}
	return lines, nil
}

func create(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	return f.Close()
}

// decided says that the rules are in force, or will not be.
func decided(s *report.State) bool {
	filter, own := s.Units["filter"].State, s.Units["firewall"].State
	return own == "ok" || own == "failed" || filter == "failed"
}

// unable is an error that leaves the rules unjudged, unless the person wants no more.
func unable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &unableError{err}
}
