package chart

// lane is a mark and the line of labels in which it found room.
type lane struct {
	Mark
	row   int
	left  bool // the label stands left of its line
	width float64
}

// lay gives each mark's label a place where it covers no other, and says how many lines that takes.
func (p *picture) lay(marks []Mark) (out []lane, rows int) {
	var taken [][][2]float64
	for _, m := range marks {
		l := lane{Mark: m, width: float64(len([]rune(m.label())))*letter + 14}
		x := p.x(m.At)
		from, to := x, x+l.width
		if to > pictureWidth-margin {
			l.left, from, to = true, x-l.width, x
		}
		for free := false; !free; {
			if l.row == len(taken) {
				taken = append(taken, nil)
			}
			free = true
			for _, t := range taken[l.row] {
				if from < t[1]+4 && t[0] < to+4 {
					free = false
				}
			}
			if !free {
				l.row++
			}
		}
		taken[l.row] = append(taken[l.row], [2]float64{from, to})
		out = append(out, l)
	}
	return out, len(taken)
}

func (m Mark) label() string { return m.Name + " " + seconds(m.At) }

// colour of a mark: the prompt is what people wait for.
func (m Mark) colour() string {
	switch m.Name {
	case "login prompt":
		return "#7c3aed"
	case "boot degraded":
		return "#b42318"
	}
	return "#64748b"
}

// marks draws the moments as flags over all rows.
func (p *picture) marks() {
	for _, l := range p.lanes {
		x, y := p.x(l.At), bandTop+bandHeight+8+float64(l.row)*laneHeight
		p.put(`<line x1="%[1]s" y1="%[2]s" x2="%[1]s" y2="%[3]s" stroke="%[4]s" stroke-width="1.3" stroke-dasharray="4 3"/>`, n(x), n(bandTop+bandHeight), n(p.bottom), l.colour())
		at := x
		if l.left {
			at -= l.width
		}
		p.put(`<rect x="%s" y="%s" width="%s" height="16" rx="3" fill="%s"/>`, n(at), n(y), n(l.width), l.colour())
		p.put(`<text x="%s" y="%s" font-size="11" font-weight="600" fill="#ffffff" text-anchor="middle">%s</text>`, n(at+l.width/2), n(y+11.8), escape(l.label()))
	}
}

// legend says what the colours are.
func (p *picture) legend() {
	x, middle := p.left, p.bottom+32
	p.put(`<line x1="%s" y1="%s" x2="%s" y2="%[2]s" stroke="#dbe2ea"/>`, n(margin), n(p.bottom+8), n(pictureWidth-margin))
	for _, item := range []struct {
		name, fill, stroke string
	}{
		{"done", lookOf(OK).fill, ""},
		{"waited", "url(#wait-ok)", lookOf(OK).fill},
		{"late", "url(#wait-late)", lookOf(Late).fill},
		{"failed", lookOf(Failed).fill, ""},
		{"not over", lookOf(Running).fill, ""},
		{"skipped", "", ""},
		{"held up the boot", "none", "#0f172a"},
	} {
		if item.fill == "" {
			p.put(`<path d="M%s %s l4 4 l-4 4 l-4 -4 z" fill="%s"/>`, n(x+13), n(middle-4), lookOf(Skipped).fill)
		} else {
			p.bar(x, middle, 26, item.fill, item.stroke)
		}
		p.put(`<text x="%s" y="%s" fill="#475569">%s</text>`, n(x+33), n(middle+4.2), item.name)
		x += 33 + float64(len(item.name))*letter + 22
	}
}
