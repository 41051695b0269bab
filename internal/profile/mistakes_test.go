package profile

import (
	"errors"
	"slices"
	"testing"
)

// What people write by mistake over the whole schema: values swapped or copied, keys that exclude each other, addresses of nobody. Each
// profile is sound but for what is told.
func TestMistakes(t *testing.T) {
	for _, tc := range slices.Concat(textMistakes, linkMistakes, routeMistakes, serviceMistakes) {
		t.Run(tc.name, func(t *testing.T) {
			_, got, err := Load("p.toml", finder(map[string]string{"p.toml": sound + tc.text}))
			if err != nil && !errors.As(err, &got) {
				t.Fatal(err)
			}
			wantProblems(t, got, tc.want)
		})
	}
}
