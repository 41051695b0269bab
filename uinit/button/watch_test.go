package button

import (
	"bytes"
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
	// The kernel's numbers (input-event-codes.h, input.h).
	if keyPower != 116 || evKey != 1 || eventSize != 24 {
		t.Errorf("key %d, event %d of %d bytes", keyPower, evKey, eventSize)
	}
	if hasKey(f, keyPower) {
		t.Error("nothing has a power button")
	}
}

// Each press counts once, however many events a read brings; half an event at the end is none.
func TestReadPresses(t *testing.T) {
	event := func(kind, code uint16, value uint32) []byte {
		b := make([]byte, 24)
		binary.NativeEndian.PutUint16(b[16:], kind)
		binary.NativeEndian.PutUint16(b[18:], code)
		binary.NativeEndian.PutUint32(b[20:], value)
		return b
	}
	press, release, end := event(1, 116, 1), event(1, 116, 0), event(0, 0, 0)
	for _, tt := range []struct {
		events [][]byte
		want   int
	}{{nil, 0}, {[][]byte{press}, 1}, {[][]byte{press, end, release, end, press, end}, 2}, {[][]byte{event(1, 117, 1), event(1, 116, 2), event(2, 116, 1)}, 0}, {[][]byte{end, press[:23]}, 0}} {
		n := 0
		if readPresses(bytes.NewReader(bytes.Join(tt.events, nil)), func() { n++ }); n != tt.want {
			t.Errorf("%d events are %d presses, want %d", len(tt.events), n, tt.want)
		}
	}
}
