package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// bounds are the least and the greatest number that a key takes, as its tag accept says them: "1 to 65535", "16s or more",
// with what comes after a comma for people.
type bounds struct {
	least, most float64
	open        bool // there is no greatest
}

// boundsOf reads them; a tag that speaks of something else, or a key that is no number, has none.
func boundsOf(t reflect.Type, accept string) *bounds {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	accept, _, _ = strings.Cut(accept, ",")
	least, open := strings.CutSuffix(accept, " or more")
	most := least
	if !open {
		least, most, _ = strings.Cut(accept, " to ")
	}
	low, ok := numberOf(t, least)
	high, also := numberOf(t, most)
	if !ok || !also {
		return nil
	}
	return &bounds{low, high, open}
}

// numberOf reads a number as a key of a type takes it.
func numberOf(t reflect.Type, text string) (float64, bool) {
	v := reflect.New(t)
	if u, ok := v.Interface().(encoding.TextUnmarshaler); ok {
		if u.UnmarshalText([]byte(text)) != nil {
			return 0, false
		}
		return number(v.Elem())
	}
	if _, ok := number(v.Elem()); !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func number(v reflect.Value) (float64, bool) {
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

// trouble says that a value lies outside of the bounds of its key; "" where it does not.
func (b *bounds) trouble(v reflect.Value, f field) string {
	if b == nil {
		return ""
	}
	if n, _ := number(v); n >= b.least && (b.open || n <= b.most) {
		return ""
	}
	return fmt.Sprintf("is %v; accepted: %s", v, f.wants())
}
