// Package imports holds the rules of who may import whom, each with its reason.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const module = "github.com/imgbuild/imgbuild/"

// ban says that packages below From import nothing below Not,
// directly or through others.
type ban struct {
	from, not string
	direct    bool
	why       string
}

var bans = []ban{
	{from: "internal/spec", not: module, why: "the contract between builder and init depends on nobody"},
	{from: "internal/spec", not: "github.com/", why: "the contract needs the standard library only"},
	{from: "uinit", not: module + "build", why: "the init carries no image writers"},
	{from: "uinit", not: "github.com/BurntSushi/toml", direct: true, why: "the init reads JSON; TOML is the builder's, and site.toml's, which internal/site reads"},
	{from: "uinit", not: module + "internal/profile", why: "the init knows a machine, not how it was described"},
	{from: "uinit", not: "golang.org/x/crypto/ssh", why: "the SSH server is a program of the busybox; it would make the init 1.4 MB larger"},
	{from: "uinit", not: "net/http", why: "it would double the init's size"},
	{from: "uinit", not: "html", why: "its table of named characters stays in the init whether it is used or not, 50 kB"},
	{from: "uinit", not: "text/template", why: "what calls methods by their names keeps the linker from leaving any out"},
	{from: "build/plan", not: "os/exec", direct: true, why: "planning is pure"},
	{from: "build/plan", not: "net", direct: true, why: "planning is pure"},
	{from: "internal/profile", not: module + "build", why: "a profile is read without knowing how images are made"},
	{from: "internal/check", not: module + "internal/qemu", why: "checks know a guest by an interface"},
}

type pkg struct {
	ImportPath    string
	Imports, Deps []string
}

func TestImportsGoOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "../../...").Output()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, b := range bans {
			b.hold(t, p)
		}
		uinitModules(t, p)
		builderModules(t, p)
		buildRooms(t, p)
	}
	if seen < 10 {
		t.Errorf("only %d packages were listed", seen)
	}
}

func (b ban) hold(t *testing.T, p pkg) {
	if !below(p.ImportPath, module+b.from) {
		return
	}
	list := p.Deps
	if b.direct {
		list = p.Imports
	}
	for _, dep := range list {
		if (dep == b.not || strings.HasPrefix(dep, strings.TrimSuffix(b.not, "/")+"/")) && !below(dep, module+b.from) {
			t.Errorf("%s imports %s: %s", p.ImportPath, dep, b.why)
		}
	}
}

// shared are the packages of uinit that its features may use: what all stand on, and protocols.
var shared = []string{
	"uinit/account", "uinit/arp", "uinit/beside", "uinit/cmdline", "uinit/ctl", "uinit/dev", "uinit/dhcp", "uinit/dhcp/said", "uinit/dhcp6", "uinit/dhcp6/lease", "uinit/entropy/pool", "uinit/feature", "uinit/graph",
	"uinit/klog", "uinit/kmod", "uinit/log/syslog", "uinit/mount", "uinit/netcmdline", "uinit/netcmdline/plan", "uinit/netcmdline/publish", "uinit/packet", "uinit/power", "uinit/secret/source", "uinit/service/supervise", "uinit/slack",
	"uinit/status", "uinit/terminal", "uinit/thread", "uinit/unit", "uinit/volume",
}

// uinitModules holds the features of uinit apart: one concern each, listed in one place.
func uinitModules(t *testing.T, p pkg) {
	if !strings.HasPrefix(p.ImportPath, module+"uinit/") || p.ImportPath == module+"uinit/features" {
		return
	}
	for _, dep := range p.Imports {
		if !strings.HasPrefix(dep, module+"uinit/") || allowed(p.ImportPath, dep) {
			continue
		}
		t.Errorf("%s imports %s: features of uinit do not know each other; what one has for others goes through uinit/feature", p.ImportPath, dep)
	}
}

// builderReads are the packages of uinit that the builder may import, besides the pure halves of features ("plan"): among them what
// makes of a kernel line what the init would.
var builderReads = []string{"uinit/cmdline", "uinit/graph", "uinit/netcmdline", "uinit/unit"}

// builderModules keeps the builder to what is pure.
func builderModules(t *testing.T, p pkg) {
	if below(p.ImportPath, module+"uinit") || below(p.ImportPath, module+"qemu-tests") {
		return
	}
	for _, dep := range p.Imports {
		pure := strings.HasSuffix(dep, "/plan") || slices.Contains(builderReads, strings.TrimPrefix(dep, module))
		if below(dep, module+"uinit") && !pure {
			t.Errorf("%s imports %s: the builder reads what features plan, not what they do", p.ImportPath, dep)
		}
	}
}

// rooms are those that build puts an image together in, each with the others that it stands on. They hand each other values
// by way of build; else one could not be read without the rest.
var rooms = map[string][]string{
	"build/sources":  nil,
	"build/segments": nil,
	"build/media":    {"build/segments"},
	"build/rules":    {"build/segments"},
}

// buildRooms holds them apart.
func buildRooms(t *testing.T, p pkg) {
	t.Helper()
	on, isRoom := rooms[strings.TrimPrefix(p.ImportPath, module)]
	if !isRoom {
		return
	}
	for _, dep := range p.Deps {
		other := strings.TrimPrefix(dep, module)
		if _, isRoom := rooms[other]; isRoom && !slices.Contains(on, other) {
			t.Errorf("%s imports %s: rooms of build are put together in build only", p.ImportPath, dep)
		}
	}
}

func allowed(from, dep string) bool {
	for _, s := range shared {
		if dep == module+s {
			return true
		}
	}
	return folder(dep) == folder(from)
}

// folder is that of a feature: the first one below uinit.
func folder(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, module+"uinit/"), "/")
	return first
}

func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// An init without site.toml is without what reads it.
func TestTOMLIsLeftOut(t *testing.T) {
	for tags, want := range map[string]bool{"": true, "nosite": false} {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, "../../uinit").Output()
		if err != nil {
			t.Fatalf("listing what uinit imports: %v", err)
		}
		if got := strings.Contains(string(out), "github.com/BurntSushi/toml\n"); got != want {
			t.Errorf("tags %q: the init has a reader of TOML: %v", tags, got)
		}
	}
}

// Every module that we chose has its reason written down.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	why, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	f, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`/v[0-9]+$`)
	for _, r := range f.Require {
		if path := version.ReplaceAllString(r.Mod.Path, ""); !r.Indirect && !strings.Contains(string(why), path) {
			t.Errorf("docs/dependencies.md does not say what %s is for", r.Mod.Path)
		}
	}
}
