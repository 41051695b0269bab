package qemu_tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/profiles"
)

// A keyboard at the screen is the profile's from the first prompt on: y and z have changed places on a German one. The kernel line has
// another one for a boot, on a French one q and a.
func TestKeymap(t *testing.T) {
	t.Parallel()
	refused := written(t, "extends = \"headless\"\nkeymap = \"dee\"\n", map[string]string{})
	p, _, err := profile.Load(refused, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	e, err := build.NewEnv("", progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Prepare(t.Context(), p, build.Options{}); err == nil || !strings.HasPrefix(err.Error(), refused+`:2:10: keymap: console-data has no keyboard map "dee"; did you mean de?`) {
		t.Errorf("another name gives %v", err)
	}
	a := extended(t, `
keymap = "de"
[menu]
keymaps = ["fr"]
[kernel]
drivers = ["virtio", "screen", "keyboard"]
`, map[string]string{})
	for _, tt := range []struct {
		word, pressed, shown string
		long                 bool
	}{{"", "y", "z", false}, {"uinit.keymap=fr", "q", "a", true}} {
		t.Run(tt.pressed, func(t *testing.T) {
			if tt.long {
				long(t)
			}
			a := a
			if tt.word != "" {
				a.options.Append = []string{tt.word}
			}
			a.options.Extra = []string{"-device", "VGA"}
			vm, err := boot.Prepare(t.Context(), a.options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(vm.Close)
			g := start(t, vm.Config)
			until(t, g, "the boot", isBooted)
			const screen = "cat /dev/vcs1" // without line ends
			comes(t, g, screen, func(text string) bool { return strings.HasSuffix(text, "login:") })
			if _, err := g.QMP(t.Context(), "send-key", map[string]any{"keys": []map[string]string{{"type": "qcode", "data": tt.pressed}}}); err != nil {
				t.Fatal(err)
			}
			typed := regexp.MustCompile(`login: (\S)$`)
			text := comes(t, g, screen, typed.MatchString)
			if got := typed.FindStringSubmatch(text); got == nil || got[1] != tt.shown {
				t.Errorf("%s was pressed, the screen shows %q", tt.pressed, text)
			}
		})
	}
}
