package chart

// look is how an outcome is coloured.
type look struct {
	outcome     Outcome
	fill, light string
	// text is for a name or time beside it.
	text string
}

// looks of the outcomes. They differ in lightness as well as in hue, for those who see no red or green.
var looks = []look{
	{OK, "#2a9d8f", "#d3efeb", "#475569"},
	{Failed, "#c92a2a", "#ffd9d9", "#b42318"},
	{Late, "#f0a92e", "#fdf0d5", "#9a6700"},
	{Running, "#60a5fa", "#dbeafe", "#475569"},
	{Skipped, "#cbd5e1", "#f1f5f9", "#94a3b8"},
}

func lookOf(o Outcome) look {
	for _, l := range looks {
		if l.outcome == o {
			return l
		}
	}
	return looks[len(looks)-1]
}
