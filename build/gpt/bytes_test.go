package gpt_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/gpt"
	"github.com/imgbuild/imgbuild/build/layout"
)

// Images of one input are the same bytes for years, whatever writes the table: these sums are of 2026, from a writer that had
// every byte in its own hand. The second disk is larger than an MBR can say.
func TestBytesStay(t *testing.T) {
	for want, c := range map[string]layout.Contents{
		"4a4a5e5cc864fc457675fb16d2494973c433b718cae582dfbccd9aa4b9fd142f": {Boot: 100 << 10, ESP: 3 << 20, State: 2 << 20},
		"ed5899804df9ed85b26866d63a019ba6b60d321aca3d225ceb438e0d45e1336a": {ESP: 3 << 20, State: 3 << 40},
	} {
		d, err := layout.Plan("headless", c)
		if err != nil {
			t.Fatal(err)
		}
		image := extent.New(d.Sectors * layout.Sector)
		if err := gpt.Place(image, d, []byte("boot code")); err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		ends := make([]byte, layout.FirstUsable*layout.Sector)
		for _, at := range []int64{0, image.Size() - layout.TableSectors*layout.Sector} {
			n, _ := image.ReadAt(ends, at)
			sum.Write(ends[:n])
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != want {
			t.Errorf("%d sectors: SHA-256 %s, want %s", d.Sectors, got, want)
		}
	}
}
