package cmdline

import (
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Line
	}{
		{"", nil},
		{" \n", nil},
		{"quiet console=ttyS0,115200n8\n", Line{{"quiet", "", false}, {"console", "ttyS0,115200n8", true}}},
		{`dyndbg="file a.c +p" S`, Line{{"dyndbg", "file a.c +p", true}, {"S", "", false}}},
		{`"a=b c" d`, Line{{"a", "b c", true}, {"d", "", false}}},
		{`a= b==c`, Line{{"a", "", true}, {"b", "=c", true}}},
		{`a="b c`, Line{{"a", "b c", true}}},
		{`"`, Line{{"", "", false}}},
	} {
		if got := Parse(tt.text); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q) = %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

func TestLine(t *testing.T) {
	l := Parse(`uinit.test uinit.report=ttyS1 panic=1 panic=-1 virtio-net.napi_tx=0 virtio_net.x dm.create="a b"`)
	if !l.Has("uinit.test") || l.Has("uinit.tes") {
		t.Error("Has")
	}
	if v, ok := l.Get("panic"); v != "-1" || !ok {
		t.Errorf("panic = %q, %v: the last one wins", v, ok)
	}
	want := map[string][]string{"uinit": {"test", "report=ttyS1"}, "virtio_net": {"napi_tx=0", "x"}, "dm": {`create="a b"`}}
	if got := l.Modules(); !reflect.DeepEqual(got, want) {
		t.Errorf("Modules() = %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", `a="b c" d.e=f`, `"a`, "a\x00b=\"", "-- single"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range Parse(text) {
			if p.Value != "" && !p.HasValue {
				t.Errorf("Parse(%q): %+v has a value and says no", text, p)
			}
		}
		Parse(text).Modules()
	})
}
