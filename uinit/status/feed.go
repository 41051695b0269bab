package status

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// pace is how long Feed rests after each answer: a program that faces strangers may be theirs.
const pace = 200 * time.Millisecond

// Feed tells a program beside the init what it may know, for as long as it is there. Each octet from it, whichever, asks for
// all of that: events of units and facts as JSON lines, and an empty line. Nothing that comes from it is looked at. May
// chooses the events, and what of each.
func (b *Board) Feed(program io.ReadWriter, may func(report.Event) (report.Event, bool)) {
	var asked [1]byte
	for {
		if _, err := program.Read(asked[:]); err != nil {
			return
		}
		var answer bytes.Buffer
		out := json.NewEncoder(&answer)
		for _, e := range append(b.Units(), b.Facts()...) {
			if e, ok := may(e); ok {
				_ = out.Encode(e)
			}
		}
		answer.WriteByte('\n')
		if _, err := program.Write(answer.Bytes()); err != nil {
			return
		}
		time.Sleep(pace)
	}
}
