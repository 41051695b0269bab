package plan

import (
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// An array that does all that it may do in the time that it has for each is not late.
func TestDeadline(t *testing.T) {
	hour := spec.Duration(time.Hour)
	for name, tt := range map[string]struct {
		cfg   spec.Array
		least time.Duration
	}{
		"at once": {spec.Array{StartDegradedAfter: new(spec.Duration)}, Starting},
		"patient": {spec.Array{StartDegradedAfter: &hour}, time.Hour + Starting},
		"created": {spec.Array{StartDegradedAfter: &hour, Create: true}, time.Hour + blank.Limit + Making + Starting},
	} {
		units := Units(&spec.Description{Machine: spec.Machine{Array: map[string]spec.Array{"data": tt.cfg}}})
		if len(units) != 1 || units[0].Name != "array:data" || units[0].Timeout < tt.least {
			t.Errorf("%s: %+v, want at least %v", name, units, tt.least)
		}
	}
}
