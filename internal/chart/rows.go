package chart

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/shown"
)

// least is the width of the shortest bar: one should see that there was something.
const least = 2.0

// hatchable is the least width of a bar whose hatching can be seen.
const hatchable = 8.0

// rows draws a bar for each unit, with its name on the left and its time beside it.
func (p *picture) rows() {
	for i, u := range p.boot.Units {
		p.row(u, p.top+float64(i)*rowHeight)
	}
}

func (p *picture) row(u Unit, y float64) {
	l, middle := lookOf(u.Outcome), y+rowHeight/2
	p.put(`<g><title>%s</title>`, escape(u.words()))
	weight := ""
	if u.Outcome == Failed || u.Outcome == Late {
		weight = ` font-weight="600"`
	}
	p.put(`<text x="%s" y="%s" fill="%s" text-anchor="end"%s>%s</text>`, n(p.left-10), n(middle+4.2), nameColour(u), weight, escape(shorten(u.Name, 30)))
	x, width := p.x(u.Start), max((u.End-u.Start)*p.scale, least)
	switch {
	case u.Outcome == Skipped:
		p.put(`<path d="M%s %s l4 4 l-4 4 l-4 -4 z" fill="%s"/>`, n(x), n(middle-4), l.fill)
	case u.Outcome == Late: // hatched below, from its deadline on
		p.bar(x, middle, width, l.light, l.fill)
	case u.Waits && width >= hatchable:
		p.bar(x, middle, width, "url(#wait-"+string(u.Outcome)+")", l.fill)
	default:
		p.bar(x, middle, width, l.fill, "")
	}
	if u.Overdue > 0 && u.End > u.Overdue {
		p.bar(p.x(u.Overdue), middle, (u.End-u.Overdue)*p.scale, "url(#wait-late)", lookOf(Late).fill)
	}
	p.beside(u, middle)
	p.put(`</g>`)
}

func (p *picture) bar(x, middle, width float64, fill, stroke string) {
	if stroke != "" {
		stroke = ` stroke="` + stroke + `"`
	}
	radius := "3"
	if width < 6 {
		radius = "1"
	}
	p.put(`<rect x="%s" y="%s" width="%s" height="%s" rx="%s" fill="%s"%s/>`, n(x), n(middle-barHeight/2), n(width), n(barHeight), radius, fill, stroke)
}

// beside writes the time, and what went wrong as far as there is room.
func (p *picture) beside(u Unit, middle float64) {
	l := p.labelOf(u)
	p.put(`<text x="%s" y="%s" font-size="11" fill="%s" text-anchor="%s" stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke">%s</text>`, n(l.at), n(middle+4), lookOf(u.Outcome).text, l.anchor,
		escape(shorten(l.text, l.room)))
}

// label is what stands beside a bar: right of it, or left where there is more room.
type label struct {
	text, anchor string
	at           float64
	room         int // in letters
}

func (p *picture) labelOf(u Unit) label {
	text := seconds(u.Seconds())
	if u.Outcome == Skipped {
		text = "skipped"
	}
	if u.Outcome != OK && u.Message != "" {
		text += " · " + u.Message
	}
	x, width := p.x(u.Start), max((u.End-u.Start)*p.scale, least)
	at, anchor := x+width+6, "start"
	room := pictureWidth - margin - at
	if left := x - p.left - 6; float64(len([]rune(text)))*letter > room && left > room {
		at, anchor, room = x-6, "end", left
	}
	return label{text, anchor, at, max(int(room/(letter*0.95)), 6)}
}

// reasonHeight is that of a line below the picture, reasonLetters how many letters it takes.
const (
	reasonHeight  = 16.0
	reasonLetters = 140
)

// reasons are what troubled units say that found no room beside their bars, in lines.
func (p *picture) reasons() (lines []string) {
	for _, u := range p.boot.Units {
		if l := p.labelOf(u); (u.Outcome == Failed || u.Outcome == Late) && len([]rune(l.text)) > l.room {
			lines = append(lines, shown.Wrap(u.Name+" "+string(u.Outcome)+": "+u.Message, reasonLetters)...)
		}
	}
	return lines
}

// below writes the reasons out.
func (p *picture) below() {
	for i, line := range p.reasons() {
		p.put(`<text x="%s" y="%s" font-size="11" fill="%s">%s</text>`, n(margin), n(p.bottom+66+float64(i)*reasonHeight), lookOf(Failed).text, escape(line))
	}
}

func nameColour(u Unit) string {
	if u.Outcome == OK || u.Outcome == Running {
		return "#1e293b"
	}
	return lookOf(u.Outcome).text
}

// words are what a reader of the picture sees who points at a bar.
func (u Unit) words() string {
	text := u.Name + ": " + seconds(u.Seconds()) + " from " + seconds(u.Start) + ", " + string(u.Outcome)
	if u.Overdue > 0 {
		text += ", overdue at " + seconds(u.Overdue)
	}
	if u.Message != "" {
		text += ": " + u.Message
	}
	return text
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimRight(string(r[:most-1]), " ") + "…"
	}
	return s
}

// chain joins the units that held each other up.
func (p *picture) chain() {
	at := map[string]int{}
	for i, u := range p.boot.Units {
		at[u.Name] = i
	}
	chain := p.boot.Chain()
	for i, u := range chain {
		middle := p.top + (float64(at[u.Name])+0.5)*rowHeight
		width := max((u.End-u.Start)*p.scale, least)
		p.put(`<rect x="%s" y="%s" width="%s" height="%s" rx="4" fill="none" stroke="#0f172a" stroke-width="1.4"/>`,
			n(p.x(u.Start)-1.5), n(middle-barHeight/2-1.5), n(width+3), n(barHeight+3))
		if i == 0 {
			continue
		}
		// Down from the end of one to the start of the next.
		from := p.top + (float64(at[chain[i-1].Name])+0.5)*rowHeight
		begin, end := from+barHeight/2+1.5, middle-barHeight/2-1.5
		if end < begin {
			begin, end = from-barHeight/2-1.5, middle+barHeight/2+1.5
		}
		x := p.x(u.Start)
		p.put(`<line x1="%[1]s" y1="%[2]s" x2="%[1]s" y2="%[3]s" stroke="#0f172a" stroke-width="1.4"/>`, n(x), n(begin), n(end))
	}
}
