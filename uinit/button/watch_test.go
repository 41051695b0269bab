package button

import (
	"encoding/binary"
	"os"
	"testing"
)

func TestIsPress(t *testing.T) {
	event := func(kind, code uint16, value uint32) []byte {
		b := make([]byte, eventSize)
		binary.NativeEndian.PutUint16(b[16:], kind)
		binary.NativeEndian.PutUint16(b[18:], code)
		binary.NativeEndian.PutUint32(b[20:], value)
		return b
	}
	for _, tt := range []struct {
		b    []byte
		want bool
	}{
		{event(evKey, keyPower, 1), true}, {event(evKey, keyPower, 0), false}, // released
		{event(evKey, keyPower, 2), false}, {event(evKey, 30, 1), false}, {event(0, keyPower, 1), false},
	} {
		if got := isPress(tt.b, keyPower); got != tt.want {
			t.Errorf("isPress(%v) = %v", tt.b[16:], got)
		}
	}
}

func TestNothingHasNoButton(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if hasKey(f, keyPower) {
		t.Error("nothing has a power button")
	}
}
