package console

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// What loadkeys writes is read table by table, none of it lost: from the keys that were read follows the same text again. On a German
// keyboard y and z have changed places (KEY_Y is 21 and KEY_Z 44 in linux/input-event-codes.h).
func TestParseKeymap(t *testing.T) {
	for name, want := range map[string]struct{ at21, at44 byte }{"qwertz/de": {'z', 'y'}, "qwerty/us": {'y', 'z'}} {
		file := "/usr/share/keymaps/i386/" + name + ".kmap.gz"
		needed.File(t, file)
		text, err := exec.Command(needed.Program(t, "loadkeys"), "--bkeymap", "--unicode", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		keys, err := parseKeymap(text)
		if err != nil {
			t.Fatal(err)
		}
		again, values := append([]byte("bkeymap"), make([]byte, 256)...), []byte(nil)
		meaning := map[uint8]byte{}
		for _, key := range keys {
			again[len("bkeymap")+int(key.table)] = 1
			values = binary.LittleEndian.AppendUint16(values, key.value)
			if key.table == 0 {
				meaning[key.index] = byte(key.value)
			}
		}
		if !bytes.Equal(append(again, values...), text) {
			t.Errorf("%s: of %d bytes others came back", name, len(text))
		}
		if meaning[21] != want.at21 || meaning[44] != want.at44 {
			t.Errorf("%s: KEY_Y is %c, KEY_Z is %c", name, meaning[21], meaning[44])
		}
	}
}

func TestNoKeymap(t *testing.T) {
	tables := "bkeymap\x01" + strings.Repeat("\x00", 255)
	for text, want := range map[string]string{
		"":                                "it is none",
		"bkeymap":                         "it is none",
		"keymaps 0-2\n":                   "it is none",
		tables:                            "its tables have 0 bytes, not 256",
		tables + strings.Repeat("x", 257): "its tables have 257 bytes, not 256",
	} {
		if _, err := parseKeymap([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
}
