package entropy

import (
	"reflect"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/entropy/pool"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

func TestPoolFacts(t *testing.T) {
	s := &seeder{Deps: featuretest.Deps(t, spec.Machine{})}
	for _, tt := range []struct {
		state pool.State
		want  map[string]any
	}{
		{pool.State{Ready: true, At: 3 * time.Second, By: pool.RDRAND, There: []pool.Source{pool.RDRAND, pool.EFISeed}},
			map[string]any{"entropy.ready_seconds": 3.0, "entropy.source": "rdrand", "entropy.sources": []string{"rdrand", "efi-seed"}}},
		{pool.State{Ready: true, By: pool.Jitter}, map[string]any{"entropy.ready_seconds": 0.0, "entropy.source": "jitter", "entropy.sources": []string{}}},
	} {
		s.tell(tt.state)
		for name, want := range tt.want {
			if got := featuretest.Fact(s.Deps, name); !reflect.DeepEqual(got, want) {
				t.Errorf("%s is %#v, want %#v", name, got, want)
			}
		}
	}
}
