package fact

import (
	"encoding/json"
	"reflect"
	"testing"
)

var (
	carrier   = Each[bool]{Pattern: "link.NAME.carrier"}
	connected = Pair[bool]{Pattern: "wireguard.NAME.PEER.connected"}
	addresses = Each[[]string]{Pattern: "link.NAME.addresses"}
	missing   = Each[[]int]{Pattern: "array.NAME.missing"}
	seconds   = One[float64]{Name: "boot.seconds"}
)

func TestFact(t *testing.T) {
	for _, tt := range []struct {
		fact  Fact
		name  string
		value any
	}{
		{seconds.Is(1.5), "boot.seconds", 1.5},
		{carrier.Of("lan").Is(true), "link.lan.carrier", true},
		{carrier.Of("LAN").Is(true), "link.LAN.carrier", true}, // a row's name is no placeholder
		{carrier.Of("lan.7").Is(false), "link.lan.7.carrier", false},
		{connected.Of("wg0", "far").Is(true), "wireguard.wg0.far.connected", true},
		{connected.Of("NAME", "PEER").Is(true), "wireguard.NAME.PEER.connected", true},
		{addresses.Of("lan").Is(nil), "link.lan.addresses", []string{}}, // JSON has no list in null
		{missing.Of("data").Is(nil), "array.data.missing", []int{}},
		{missing.Of("data").Is([]int{1}), "array.data.missing", []int{1}},
	} {
		if tt.fact.Name() != tt.name || !reflect.DeepEqual(tt.fact.Value(), tt.value) {
			t.Errorf("%s = %#v, want %s = %#v", tt.fact.Name(), tt.fact.Value(), tt.name, tt.value)
		}
	}
}

// What a report says is read back as what was stated.
func TestRead(t *testing.T) {
	decoded := func(text string) (v any) {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if got, ok := addresses.Of("lan").Read(decoded(`["a", "b"]`)); !ok || !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("%v, %v", got, ok)
	}
	if got, ok := (One[int]{Name: "n"}).Read(decoded("3")); !ok || got != 3 {
		t.Errorf("%v, %v", got, ok)
	}
	for _, other := range []any{decoded(`"soon"`), decoded("[1]"), decoded("null")} {
		if got, ok := seconds.Read(other); ok {
			t.Errorf("%v is %v", other, got)
		}
	}
}

func TestTypes(t *testing.T) {
	list := func(members ...any) []any { return members }
	values := []any{true, int64(3), 1.5, 2.0, "ok", list(), list("a"), list(int64(1), 2.0), list("a", int64(1)), nil, map[string]any{}}
	for def, want := range map[Def][]any{
		carrier.Means(None, ""):                  {true},
		One[int]{Name: "a"}.Means(None, ""):      {int64(3), 2.0},
		One[int64]{Name: "a"}.Means(Bytes, ""):   {int64(3), 2.0},
		seconds.Means(Seconds, ""):               {int64(3), 1.5, 2.0},
		One[string]{Name: "a"}.Means(None, ""):   {"ok"},
		addresses.Means(None, ""):                {list(), list("a")},
		missing.Means(None, ""):                  {list(), list(int64(1), 2.0)},
		connected.Means(None, "pairs have both"): {true},
	} {
		var got []any
		for _, v := range values {
			if def.Type.Holds(v) {
				got = append(got, v)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s, %s holds %v, want %v", def.Pattern, def.Type, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	link, peer := carrier.Means(None, "a"), connected.Means(None, "b")
	login := Each[string]{Pattern: "console.NAME"}.Means(None, "c")
	set := Set{link.At("*"), link.At("lan"), peer.At("wg0", "far"), peer.At("*", "*"), login.At("ttyS*")}
	for name, want := range map[string]Known{
		"link.lan.carrier":            {link, "link.lan.carrier", []Label{{"NAME", "lan"}}},
		"link.lan.7.carrier":          {link, "link.lan.7.carrier", []Label{{"NAME", "lan.7"}}},
		"wireguard.wg0.far.connected": {peer, "wireguard.wg0.far.connected", []Label{{"NAME", "wg0"}, {"PEER", "far"}}},
		"wireguard.a.b.connected":     {peer, "wireguard.a.b.connected", []Label{{"NAME", "a"}, {"PEER", "b"}}},
		"console.ttyS12":              {login, "console.ttyS12", []Label{{"NAME", "ttyS12"}}},
		"console.ttyS":                {}, "console.tty1": {}, "link..carrier": {}, "link.*.carrier": {}, "link.lan.carrierx": {}, "link": {}, "": {},
	} {
		got, ok := set.Find(name)
		if !reflect.DeepEqual(got, want) || ok != (want.Name != "") {
			t.Errorf("%s: %+v, %v; want %+v", name, got, ok, want)
		}
	}
	if set[0].Labels[0].Row != "*" {
		t.Errorf("looking for facts changed the set: %v", set[0])
	}
}

func TestSame(t *testing.T) {
	values := []any{false, true, 0, 1, int64(1), 1.0, "", "1", []string(nil), []string{"1"}, []string{"1", "2"}, []int{}, []int{1}, []int{2}}
	facts := []Fact{
		One[bool]{}.Is(false), One[bool]{}.Is(true), One[int]{}.Is(0), One[int]{}.Is(1), One[int64]{}.Is(1), One[float64]{}.Is(1), One[string]{}.Is(""), One[string]{}.Is("1"),
		One[[]string]{}.Is(nil), One[[]string]{}.Is([]string{"1"}), One[[]string]{}.Is([]string{"1", "2"}), One[[]int]{}.Is(nil), One[[]int]{}.Is([]int{1}), One[[]int]{}.Is([]int{2}),
	}
	for i, f := range facts {
		for j, value := range append(values, nil) {
			if got := f.Same(value); got != (i == j) {
				t.Errorf("%#v is the same as %#v: %v", f.Value(), value, got)
			}
		}
	}
}
