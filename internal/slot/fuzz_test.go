package slot

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// A manifest that is taken says of every byte of its slot which part it is of, whoever wrote it.
func FuzzManifest(f *testing.F) {
	m := Manifest{Format: 1, Profile: "box", Version: "1", Loader: 1, Size: 2048, Parts: []Part{{Range{1024, 1024}, strings.Repeat("0", 64)}}}
	text, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(text), "{}", "null", `{"format":1,"format":2}`, strings.Repeat("[", 2000), strings.Replace(string(text), "1024", "-1024", 1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 0 && len(text) <= MaxManifest {
			if got, err := ReadHead(bytes.NewReader(Head(text))); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("%q is read as %q, %v", text, got, err)
			}
		}
		_, _ = ReadHead(bytes.NewReader(text))
		_, _ = ManifestSize(text)
		m, err := ParseManifest(text)
		if err != nil {
			return
		}
		at := HeadSize(len(text))
		for _, p := range m.Parts {
			if p.Offset != at || p.Size <= 0 || at > m.Size-p.Size {
				t.Fatalf("%+v, where %d is next of %d", p, at, m.Size)
			}
			at += p.Size
		}
		if at != m.Size || m.Size%Sector != 0 || Compare(m.Version, m.Version) != 0 {
			t.Fatalf("%d of %d", at, m.Size)
		}
	})
}

// What is taken for a record is written as it was read.
func FuzzRecord(f *testing.F) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		f.Add(forged(random))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		r, err := Decode(block)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil {
			return // by its sender's leave it may be fuller than ours are
		}
		if got, err := Decode(again); err != nil || !r.Same(&got) || r.Number != got.Number || !reflect.DeepEqual(r.others, got.others) {
			t.Fatalf("%+v, %v, was %+v", got, err, r)
		}
	})
}
