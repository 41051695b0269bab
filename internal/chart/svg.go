package chart

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Measures of the picture, in the units of its viewBox.
const (
	pictureWidth = 1000.0
	margin       = 24.0
	bandTop      = 84.0
	bandHeight   = 24.0
	laneHeight   = 20.0
	rowHeight    = 22.0
	barHeight    = 13.0
	// letter is about the width of a letter of the labels; nobody can measure the font that will be there.
	letter = 6.6
)

// WriteSVG draws the boot as a picture that scales, without fonts or scripts of its own. The title is
// for people: the appliance's name.
func (b Boot) WriteSVG(w io.Writer, title string) error {
	p := newPicture(b)
	p.open(title)
	p.grid()
	p.phases()
	p.marks()
	p.rows()
	p.chain()
	p.legend()
	p.below()
	p.put(`</svg>`)
	_, err := io.WriteString(w, p.String())
	return err
}

// picture is an SVG in the making.
type picture struct {
	strings.Builder
	boot Boot
	// left is where time 0 is; scale is units a second.
	left, scale float64
	lanes       []lane
	// top is where the rows begin, bottom where they end.
	top, bottom float64
}

func newPicture(b Boot) *picture {
	p := &picture{boot: b}
	longest := 8
	for _, u := range b.Units {
		longest = max(longest, len([]rune(u.Name)))
	}
	p.left = margin + min(float64(longest), 30)*letter + 14
	end := b.End
	if end <= 0 {
		end = 1
	}
	// Some room for the time beside the bar that ends last.
	p.scale = (pictureWidth - p.left - margin - 56) / end
	count := 0
	p.lanes, count = p.lay(b.Marks)
	p.top = bandTop + bandHeight + 10 + float64(count)*laneHeight
	p.bottom = p.top + float64(len(b.Units))*rowHeight
	return p
}

// x is a moment's place.
func (p *picture) x(at float64) float64 { return p.left + at*p.scale }

func (p *picture) put(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// n is a number in as few letters as are exact enough.
func n(f float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Round(f*10)/10+0), ".0")
}

// escape makes text of XML, which has no place for most control characters. Not by package html: its table of 2,231 named
// characters would be in every init, which shares this package and draws nothing.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, s))
}

func (p *picture) open(title string) {
	b, height := p.boot, p.bottom+62+float64(len(p.reasons()))*reasonHeight
	p.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" font-family="system-ui, 'Segoe UI', Roboto, Cantarell, 'DejaVu Sans', sans-serif" font-size="12">`, n(pictureWidth), n(height))
	p.put(`<defs>`)
	for _, l := range looks {
		p.put(`<pattern id="wait-%s" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="%s"/><rect width="3" height="7" fill="%s"/></pattern>`,
			l.outcome, l.light, l.fill)
	}
	p.put(`</defs>`)
	p.put(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	p.put(`<text x="%s" y="38" font-size="21" font-weight="600" fill="#0f172a">%s</text>`, n(margin), escape("Boot of "+title))
	words := "not over after " + seconds(b.End)
	if b.Settled > 0 {
		words = b.State + " after " + seconds(b.Settled)
	}
	for _, v := range []struct{ what, is string }{{"Linux", b.Kernel}, {"uinit", b.Uinit}} {
		if v.is != "" {
			words += " · " + v.what + " " + v.is
		}
	}
	p.put(`<text x="%s" y="58" fill="#64748b">%s</text>`, n(margin), escape(words))
}

// grid draws rows to guide the eye, and the seconds.
func (p *picture) grid() {
	for i := range p.boot.Units {
		if i%2 == 0 {
			p.put(`<rect x="%s" y="%s" width="%s" height="%s" fill="#f6f8fb"/>`, n(margin), n(p.top+float64(i)*rowHeight), n(pictureWidth-2*margin), n(rowHeight))
		}
	}
	every := tick(p.boot.End)
	for i := 0; float64(i)*every <= p.boot.End*1.001; i++ {
		at := float64(i) * every
		p.put(`<line x1="%[1]s" y1="%[2]s" x2="%[1]s" y2="%[3]s" stroke="#dbe2ea" stroke-width="1"/>`, n(p.x(at)), n(bandTop), n(p.bottom))
		p.put(`<text x="%s" y="%s" font-size="11" fill="#94a3b8" text-anchor="middle">%s</text>`, n(p.x(at)), n(bandTop-6), tickLabel(at))
	}
}

// tick is the distance of the lines in seconds: about ten of them, at round numbers.
func tick(end float64) float64 {
	raw := max(end, 1e-3) / 8
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5} {
		if raw <= f*unit {
			return f * unit
		}
	}
	return 10 * unit
}

func tickLabel(at float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", at), "0"), ".") + " s"
}

// phases draws who was at work: the kernel, then uinit.
func (p *picture) phases() {
	b := p.boot
	end := b.Settled
	if end == 0 {
		end = b.End
	}
	for _, s := range []struct {
		name, fill string
		from, to   float64
	}{{"kernel", "#475569", 0, b.Init}, {"uinit", "#4f46e5", b.Init, end}} {
		width := (s.to - s.from) * p.scale
		if width <= 0 {
			continue
		}
		p.put(`<g><title>%s: %s</title><rect x="%s" y="%s" width="%s" height="%s" rx="4" fill="%s"/>`, s.name, seconds(s.to-s.from), n(p.x(s.from)+0.5), n(bandTop), n(max(width-1, 1)), n(bandHeight), s.fill)
		if text := s.name + " " + seconds(s.to-s.from); width > float64(len(text))*letter+8 {
			p.put(`<text x="%s" y="%s" fill="#ffffff" font-weight="600" text-anchor="middle">%s</text>`, n(p.x((s.from+s.to)/2)), n(bandTop+bandHeight/2+4.2), text)
		}
		p.put(`</g>`)
	}
}
