// Package bench measures builds and boots beside their floors and says whether
// they keep their bounds.
package bench

import (
	"fmt"
	"slices"
)

// Median is the middle of the values, the mean of both middles where their number is
// even. It panics where there are none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		panic("BUG: the median of nothing")
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Interleave takes n rounds of samples, one of each measure in every round, and every other round backwards: what else the
// machine does meanwhile, and what one measure leaves behind for the next, falls on all of them alike. The samples are in the
// order of measures.
func Interleave(n int, measures ...func() (float64, error)) ([][]float64, error) {
	samples := make([][]float64, len(measures))
	for round := range n {
		for i := range measures {
			if round%2 == 1 {
				i = len(measures) - 1 - i
			}
			v, err := measures[i]()
			if err != nil {
				return nil, fmt.Errorf("measuring (round %d of %d): %w", round+1, n, err)
			}
			samples[i] = append(samples[i], v)
		}
	}
	return samples, nil
}

// Ratio is the median of the ratios of samples taken in the same round. It is steadier than the
// ratio of the medians where the machine's speed drifts.
func Ratio(of, floor []float64) float64 {
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = of[i] / floor[i]
	}
	return Median(ratios)
}

// Spread is the least and the greatest of the values.
func Spread(values []float64) (least, most float64) { return slices.Min(values), slices.Max(values) }
