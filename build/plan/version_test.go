package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// told are the versions that an image tells: the plan's, the init's, and that of os-release.
func told(t *testing.T, p *Plan) (plan, init, release string) {
	t.Helper()
	for _, f := range p.Files {
		switch "/" + f.Path {
		case spec.Path:
			var d spec.Description
			if err := json.Unmarshal(f.Body, &d); err != nil {
				t.Fatal(err)
			}
			init = d.Version
		case "/etc/os-release":
			_, rest, _ := strings.Cut(string(f.Body), "\nIMAGE_VERSION=\"")
			release, _, _ = strings.Cut(rest, "\"\n")
		}
		if f.Body != nil && f.Size != int64(len(f.Body)) {
			t.Errorf("%s has %d bytes, and says %d", f.Path, len(f.Body), f.Size)
		}
	}
	return p.Version, init, release
}

// Without a version of the profile's it follows from all that is in the image, and from nothing else.
func TestVersion(t *testing.T) {
	make := func(change func(*Inputs), edit func(string) string) string {
		t.Helper()
		in := inputs(t)
		in.Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		in.Overlays = []Overlay{{Name: "site", Files: []tree.File{{Path: "etc/motd", Mode: 0o644, Size: 3, From: tree.Source{Store: "overlay", Name: "site", Path: "etc/motd", SHA256: "m"}, Why: "overlay site"}}}}
		if change != nil {
			change(&in)
		}
		text := box
		if edit != nil {
			text = edit(text)
		}
		p, err := Make(load(t, text), in)
		if err != nil {
			t.Fatal(err)
		}
		version, init, release := told(t, p)
		if version != init || version != release || slot.CheckVersion(version) != nil {
			t.Errorf("the plan says %q, the init %q, os-release %q", version, init, release)
		}
		if !slices.ContainsFunc(p.Segments[1].Files, func(f tree.File) bool { return strings.Contains(string(f.Body), version) }) {
			t.Errorf("nothing that is packed says %s", version)
		}
		return version
	}
	usual := make(nil, nil)
	if !strings.HasPrefix(usual, "2026.01.01.0000+") || len(usual) != len("2026.01.01.0000+3f9c2a71") {
		t.Errorf("it is %s", usual)
	}
	elsewhere := func(in *Inputs) {
		in.Kernel.From.Host, in.Overlays[0].Files[0].From.Host, in.Overlays[0].Files[0].Why = "/a/cache", "/somewhere", "because"
	}
	if again := make(elsewhere, nil); again != usual {
		t.Errorf("%s, and of the same content %s", usual, again)
	}
	seen := map[string]string{usual: "the usual"}
	for name, version := range map[string]string{
		"an overlay's byte": make(func(in *Inputs) { in.Overlays[0].Files[0].From.SHA256 = "n" }, nil),
		"a mode":            make(func(in *Inputs) { in.Overlays[0].Files[0].Mode = 0o600 }, nil),
		"the kernel":        make(func(in *Inputs) { in.Kernel.From.SHA256 = "l" }, nil),
		"the init":          make(func(in *Inputs) { in.Uinit.From.SHA256 = "v" }, nil),
		"the kernel's line": make(nil, func(s string) string { return strings.Replace(s, `"quiet"`, `"debug"`, 1) }),
		"a mount":           make(nil, func(s string) string { return strings.Replace(s, "LABEL=data", "LABEL=date", 1) }),
		"a number":          make(nil, func(s string) string { return strings.Replace(s, "uid = 1000", "uid = 1001", 1) }),
		"the time":          make(func(in *Inputs) { in.Epoch = in.Epoch.Add(time.Minute) }, nil),
		"the profile's own": make(nil, func(s string) string { return "version = \"2026.49~rc1\"\n" + s }),
	} {
		if other, twice := seen[version]; twice {
			t.Errorf("%s and %s: %s", name, other, version)
		}
		seen[version] = name
	}
	if seen["2026.49~rc1"] == "" {
		t.Error("the profile's own is not taken")
	}
}

// An os-release of an overlay's stays as it is.
func TestVersionOfAnotherRelease(t *testing.T) {
	in := inputs(t)
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{{Path: "etc/os-release", Mode: 0o644, Size: 5, From: tree.Source{Store: "overlay", Name: "site", Path: "etc/os-release", SHA256: "m"}}}}}
	p, err := Make(load(t, strings.Replace(box, "[console", "[image]\nreplace = [\"/etc/os-release\"]\n[console", 1)), in)
	if err != nil {
		t.Fatal(err)
	}
	if version, init, release := told(t, p); version != init || release != "" {
		t.Errorf("the plan says %q, the init %q, os-release %q", version, init, release)
	}
	i := slices.IndexFunc(p.Files, func(f tree.File) bool { return f.Path == "etc/os-release" })
	if f := p.Files[i]; f.Size != 5 || f.Body != nil || f.From.SHA256 != "m" {
		t.Errorf("it is %+v", f)
	}
}
