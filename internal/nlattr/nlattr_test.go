package nlattr

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

func walk(b []byte) (text string, err error) {
	err = Each(b, func(kind uint16, value []byte) error {
		text += fmt.Sprintf("%d:%s ", kind, value)
		return nil
	})
	return text, err
}

func TestEach(t *testing.T) {
	nested := nl.NewRtAttr(7|unix.NLA_F_NESTED, nil)
	nested.AddRtAttr(1, []byte("in"))
	b := append(nl.NewRtAttr(3|unix.NLA_F_NET_BYTEORDER, []byte("abcde")).Serialize(), nl.NewRtAttr(3, nil).Serialize()...)
	inner := nested.Serialize()
	for _, tt := range []struct {
		b    []byte
		want string
		err  bool
	}{
		{nil, "", false},
		{append(b, inner...), "3:abcde 3: 7:" + string(inner[4:]) + " ", false},
		{inner[4:], "1:in ", false},
		{[]byte{5, 0, 1, 0, 'x'}, "1:x ", false}, // nothing fills it up
		{b[:8], "", true},
		{[]byte{3, 0, 1, 0}, "", true},
		{[]byte{9, 0, 1, 0, 1}, "", true},
	} {
		if got, err := walk(tt.b); got != tt.want || (err != nil) != tt.err {
			t.Errorf("%x: %q, %v; want %q", tt.b, got, err, tt.want)
		}
	}
	enough := errors.New("enough")
	n := 0
	if err := Each(b, func(uint16, []byte) error { n++; return enough }); err != enough || n != 1 {
		t.Errorf("%d calls, %v", n, err)
	}
}

func FuzzEach(f *testing.F) {
	f.Add([]byte{5, 0, 1, 0, 'x'})
	f.Add(nl.NewRtAttr(1, []byte("abc")).Serialize())
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(make([]byte, 0, len(b)+8), b...) // what the fuzzer lends lies in 100 MB
		before := string(b[:cap(b)])
		seen := 0
		err := Each(b, func(_ uint16, value []byte) error { seen += 4 + len(value); return nil })
		if err == nil && seen > len(b)+3 || string(b[:cap(b)]) != before {
			t.Errorf("%x: %d bytes seen", b, seen)
		}
	})
}
