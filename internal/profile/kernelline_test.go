package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// lined is a profile whose kernel line has so many characters, beside "gpt" where that is added.
func lined(n int, more string) string {
	word := "console=ttyS0,115200"
	rest := n - len(word) - 1
	return fmt.Sprintf("[kernel]\npackage = \"linux-image-amd64\"\ncmdline = [%q, %q]\n[console.ttyS0]\n%s", word, strings.Repeat("x", rest), more)
}

// A kernel line that does not arrive as a whole is refused, with what the builder and who starts it add: for each format.
func TestLongKernelLines(t *testing.T) {
	const nobody, rescue = "[access]\nnobody = true\n", "[access]\nhost_password = true\n"
	grow := nobody + "[disk]\nstate = \"64M\"\n[mount.\"/srv\"]\nsource = \"PARTLABEL=state\"\ntype = \"ext4\"\n"
	grub := spec.MaxKernelLine - len(bootImage)
	for name, tc := range map[string]struct {
		formats, more string
		most          int
	}{
		"kernel":                     {`["kernel"]`, nobody, spec.MaxKernelLine},
		"uki":                        {`["uki"]`, nobody, spec.MaxKernelLine},
		"netboot":                    {`["netboot"]`, nobody, spec.MaxKernelLine - len("p-kernel initrd=p-initrd.img ")},
		"disk":                       {`["disk"]`, nobody, grub},
		"iso, which offers a rescue": {`["iso"]`, rescue, grub - len(" uinit.rescue")},
		"all":                        {`["kernel", "uki", "netboot", "disk", "iso"]`, rescue, grub - len(" uinit.rescue")},
		"a menu with a slower line":  {`["disk"]`, nobody + "[menu]\nentries = [\"serial\"]\n", grub - len("n8")},
		"a state that grows":         {`["disk"]`, grow, grub - len(" gpt")},
	} {
		for _, n := range []int{tc.most, tc.most + 1} {
			_, problems, err := Load("p.toml", finder(map[string]string{"p.toml": "formats = " + tc.formats + "\n" + lined(n, tc.more)}))
			errors.As(err, &problems)
			i := slices.IndexFunc(problems, func(p Problem) bool { return p.Key == "kernel.cmdline" && strings.Contains(p.Msg, " characters long") })
			if (i >= 0) != (n > tc.most) {
				t.Errorf("%s, %d characters: %v", name, n, problems)
			} else if i >= 0 && (problems[i].Pos != (Pos{File: "p.toml", Line: 4, Col: 11}) || !strings.Contains(problems[i].Msg, "is 2") && !strings.Contains(problems[i].Msg, "is 1")) {
				t.Errorf("%s: %s", name, problems[i])
			}
		}
	}
}

// It is told in the profile that makes it too long: by the line itself, or by the formats that leave less room for it.
func TestLongKernelLinesOverABase(t *testing.T) {
	files := map[string]string{
		"base.toml":    lined(2040, "[access]\nnobody = true\n"),
		"formats.toml": "extends = \"base.toml\"\nformats = [\"disk\"]\n",
		"guest.toml":   sound + "[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[vm.a]\nkernel = \"/srv/k\"\ncmdline = \"" + strings.Repeat("x", 2048) + "\"\n",
	}
	for name, want := range map[string]string{
		"base.toml":    "",
		"formats.toml": "formats.toml:2:11: formats: and kernel.cmdline (base.toml:3:11): is 2040 characters long",
		"guest.toml":   "guest.toml:13:11: vm.a.cmdline: is 2048 characters long",
	} {
		_, _, err := Load(name, finder(files))
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	p, _, err := Load("base.toml", finder(files))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetFormats([]Format{FormatISO}); err == nil || !strings.Contains(err.Error(), "is 2040 characters long") {
		t.Errorf("--format iso: %v", err)
	}
}
