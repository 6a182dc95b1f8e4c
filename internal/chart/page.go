package chart

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// style tells lines apart by colour and by dashes, so that the chart survives
// colour blindness and grey printers. The colours are from the palette of Okabe
// and Ito (2008).
type style struct{ colour, dash string }

func styleOf(i int) style {
	colours := []string{"#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"}
	dashes := []string{"", "7 3", "2 3", "9 3 2 3"}
	return style{colours[i%len(colours)], dashes[i/2%len(dashes)]}
}

// page collects the document.
type page struct{ strings.Builder }

func (p *page) write(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// text writes one label; attrs may rotate or anchor it.
func (p *page) text(x, y float64, attrs, s string) {
	p.write(`<text x="%.1f" y="%.1f" %s>%s</text>`+"\n", x, y, attrs, escape(s))
}

func (p *page) open(c Chart, height int) {
	p.write(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="system-ui, 'DejaVu Sans', Arial, sans-serif" font-size="11" fill="#333">`+"\n",
		pageWidth, height, pageWidth, height)
	p.write("<title>%s</title>\n", escape(c.Title))
	p.write(`<rect width="%d" height="%d" fill="#fff"/>`+"\n", pageWidth, height)
	p.text(plotLeft, 28, `font-size="16" font-weight="600" fill="#111"`, c.Title)
}

func (p *page) bands(bands []Band, f *frame) {
	for i, b := range bands {
		left, right := f.px(b.From), f.px(b.To)
		p.write(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%s</title></rect>`+"\n",
			left, plotTop, right-left, plotBottom-plotTop, []string{"#f4f4f4", "#e6e9ee"}[i%2], escape(b.Label))
		p.bandLabel(b.Label, left, right)
	}
}

// bandLabel writes the name above its band, or upright inside where the band is
// narrower than the name. A band too narrow even for that keeps its tooltip.
func (p *page) bandLabel(label string, left, right float64) {
	mid := (left + right) / 2
	switch {
	case right-left >= charWidth*float64(len([]rune(label))):
		p.text(mid, plotTop-8, `text-anchor="middle" fill="#555"`, label)
	case right-left >= 12:
		p.text(mid+4, plotTop+6, fmt.Sprintf(`text-anchor="end" fill="#555" transform="rotate(-90 %.1f %d)"`, mid+4, plotTop+6), label)
	}
}

func (p *page) axes(c Chart, f *frame) {
	for _, v := range f.yTicks {
		y := f.py(v)
		p.write(`<path d="M%d %.1fH%d" stroke="#ccc"/>`+"\n", plotLeft, y, plotRight)
		p.text(plotLeft-8, y+4, `text-anchor="end"`, number(v, c.Percent))
	}
	for _, v := range f.xTicks {
		x := f.px(v)
		p.write(`<path d="M%.1f %dv5" stroke="#777"/>`+"\n", x, plotBottom)
		p.text(x, plotBottom+18, `text-anchor="middle"`, number(v, false))
	}
	p.write(`<path d="M%d %dV%dH%d" fill="none" stroke="#777"/>`+"\n", plotLeft, plotTop, plotBottom, plotRight)
	p.text((plotLeft+plotRight)/2, plotBottom+36, `text-anchor="middle" font-size="12"`, c.XLabel)
	mid := (plotTop + plotBottom) / 2
	p.text(18, float64(mid), fmt.Sprintf(`text-anchor="middle" font-size="12" transform="rotate(-90 18 %d)"`, mid), c.YLabel)
}

// line draws the series' runs of finite points; a run of one becomes a dot.
func (p *page) line(s Series, f *frame, st style) {
	var run []string
	flush := func() {
		if len(run) == 1 {
			xy := strings.Split(run[0], ",")
			p.write(`<circle cx="%s" cy="%s" r="2.5" fill="%s"/>`+"\n", xy[0], xy[1], st.colour)
		} else if len(run) > 1 {
			p.write(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"%s/>`+"\n",
				strings.Join(run, " "), st.colour, st.dashes())
		}
		run = run[:0]
	}
	for i := range s.X {
		if !finite(s.X[i]) || !finite(s.Y[i]) {
			flush()
			continue
		}
		run = append(run, fmt.Sprintf("%.1f,%.1f", f.px(s.X[i]), f.py(s.Y[i])))
	}
	flush()
}

func (st style) dashes() string {
	if st.dash == "" {
		return ""
	}
	return fmt.Sprintf(` stroke-dasharray="%s"`, st.dash)
}

// legendRows breaks the series' names into rows that fit the page.
func legendRows(series []Series) [][]int {
	var rows [][]int
	x := float64(pageWidth)
	for i, s := range series {
		if x+legendWidth(s.Name) > plotRight || len(rows) == 0 {
			rows, x = append(rows, nil), plotLeft
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], i)
		x += legendWidth(s.Name)
	}
	return rows
}

func legendWidth(name string) float64 { return 58 + 1.1*charWidth*float64(len([]rune(name))) }

func (p *page) legend(series []Series, f *frame) {
	for row, members := range f.legend {
		x, y := float64(plotLeft), float64(plotBottom+58+legendRow*row)
		for _, i := range members {
			st := styleOf(i)
			p.write(`<path d="M%.1f %.1fh30" stroke="%s" stroke-width="3"%s/>`+"\n", x, y-4, st.colour, st.dashes())
			p.text(x+36, y, `font-size="12" fill="#111"`, series[i].Name)
			x += legendWidth(series[i].Name)
		}
	}
}

// escape makes text safe between and inside tags; control characters, which XML
// cannot carry at all, become the replacement character.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not err
	return b.String()
}
