package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Figure is one row of the table.
type Figure struct {
	Name string
	// Value and Bound are in Unit. A Bound of 0 stands for none: the figure is there to be known.
	Value, Bound float64
	Unit         string
	// Note says what it was measured beside, and how it varied.
	Note string
}

// Kept says whether the figure is within its bound.
func (f Figure) Kept() bool { return f.Bound == 0 || f.Value <= f.Bound }

// Verdict is the last word on the figure.
func (f Figure) Verdict() string {
	switch {
	case f.Bound == 0:
		return ""
	case f.Kept():
		return "ok"
	}
	return "MISSED"
}

// Write prints the figures as a table.
func Write(w io.Writer, figures []Figure) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tmeasured\tbound\tverdict\tbeside")
	for _, f := range figures {
		bound := "-"
		if f.Bound != 0 {
			bound = number(f.Bound, f.Unit)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Name, number(f.Value, f.Unit), bound, f.Verdict(), f.Note)
	}
	return t.Flush()
}

func number(v float64, unit string) string {
	text := fmt.Sprintf("%.3g", v)
	if v >= 100 {
		text = fmt.Sprintf("%.0f", v)
	}
	if unit == "" {
		return text
	}
	return text + " " + unit
}
