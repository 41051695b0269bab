package console

import "slices"

func sortedDown(s []string) []string { slices.Sort(s); slices.Reverse(s); return s }
