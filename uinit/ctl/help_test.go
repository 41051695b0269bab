package ctl

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/uinit/feature"
)

// What another program is to get asks uinitctl for nothing.
func TestHelped(t *testing.T) {
	words := []feature.Word{{Use: "container exec NAME [WORDS]"}, {Use: "container start|stop|restart NAME"}, {Use: "weather"}}
	for said, want := range map[string]bool{
		"container exec web df -h": false, "container exec web": false, "container exec web -h": false,
		"container exec -h": true, "container exec --help": true, "container -h": true, "container stop web --help": true,
		"weather here and now -h": true, "weather": false, "help weather": true,
	} {
		var out strings.Builder
		if got := Helped(&out, words, strings.Fields(said)); got != want || got != (out.Len() > 0) {
			t.Errorf("uinitctl %s: help %v, %q", said, got, out.String())
		}
	}
}
