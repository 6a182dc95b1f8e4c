package demo

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"golang.org/x/term"
)

// view is the live picture of a run on a terminal.
type view struct {
	score   *Score
	address string
	stop    context.CancelFunc // ends the stream; what is in flight is still answered
	stopped <-chan struct{}    // closed when the stream was ended early, by whomever
	width   int
	done    bool
	style   styles
}

// styles are those of text and, by party, of curves.
type styles struct {
	title, faint lipgloss.Style
	parties      []lipgloss.Style
}

// newStyles gives curves the SVG's colours, but for its dark blue, which black
// backgrounds swallow.
func newStyles(r *lipgloss.Renderer, parties int) styles {
	s := styles{title: r.NewStyle().Bold(true), faint: r.NewStyle().Faint(true)}
	colours := []lipgloss.Color{"#D55E00", "#56B4E9", "#009E73", "#CC79A7", "#E69F00"}
	for i := range parties {
		s.parties = append(s.parties, r.NewStyle().Foreground(colours[i%len(colours)]))
	}
	return s
}

type (
	frameMsg struct{}
	doneMsg  struct{}
)

// watch shows the run until quit is closed. It returns after the last frame. Keys
// are read only from a terminal: other input, such as /dev/null, cannot be waited for.
func watch(ctx context.Context, in io.Reader, out io.Writer, score *Score, address string, stop context.CancelFunc, quit <-chan struct{}) error {
	if f, ok := in.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		in = nil
	}
	v := &view{
		score: score, address: address, stop: stop, stopped: ctx.Done(), width: 80,
		style: newStyles(lipgloss.NewRenderer(out), len(score.parties)),
	}
	program := tea.NewProgram(v, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		<-quit
		program.Send(doneMsg{})
	}()
	_, err := program.Run()
	<-finished
	if err != nil {
		return fmt.Errorf("draw the live view: %w", err)
	}
	return nil
}

func frames() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(time.Time) tea.Msg { return frameMsg{} })
}

// Init asks for the first frame.
func (v *view) Init() tea.Cmd { return frames() }

// Update takes keys, sizes and the ends of frames and of the run.
func (v *view) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		v.width = max(40, msg.Width)
	case tea.KeyMsg:
		if k := msg.String(); k == "ctrl+c" || k == "q" {
			v.stop()
		}
	case frameMsg:
		return v, frames()
	case doneMsg:
		v.done = true
		return v, tea.Quit
	}
	return v, nil
}

// View is the whole picture.
func (v *view) View() string {
	var b strings.Builder
	n := v.score.Counts()
	rows := total(v.score.phases)
	seconds := v.score.Elapsed().Seconds()
	fmt.Fprintf(&b, "%s  %s\n\n", v.style.title.Render("ttad demo"),
		v.style.faint.Render(fmt.Sprintf("accuracy over the last %d rows; NATS at %s", window, v.address)))
	columns := min(100, v.width-8)
	b.WriteString(v.curves(columns))
	b.WriteString(v.phaseLine(columns))
	b.WriteString(v.legend())
	b.WriteString(v.table())
	fmt.Fprintf(&b, "\n%s  %d of %d rows  %.0f rows/s  %d dead letters  %d in flight",
		progress(n.Sent, rows, 12), n.Answered, rows, float64(n.Answered)/max(seconds, 1e-3), n.DeadLetters, n.Lost())
	if !v.done {
		fmt.Fprintf(&b, "\n%s", v.style.faint.Render(v.hint()))
	}
	return b.String() + "\n"
}

func (v *view) hint() string {
	select {
	case <-v.stopped:
		return "waiting for the rows in flight"
	default:
		return "Ctrl-C drains and ends"
	}
}

func (v *view) curves(columns int) string {
	c := v.score.Curves(2 * columns)
	rows := float64(total(v.score.phases))
	xs := make([]float64, len(c.X))
	for i, x := range c.X {
		xs[i] = x / rows
	}
	p := newPlot(len(c.Shares), columns, 7) // the whole picture fits 24 lines
	paint := make([]func(string) string, len(c.Shares))
	for i, shares := range c.Shares {
		p.curve(i, xs, shares)
		paint[i] = func(s string) string { return v.style.parties[i].Render(s) }
	}
	return p.render(paint...)
}

// legend names the curves.
func (v *view) legend() string {
	var b strings.Builder
	b.WriteString("      ")
	for i, p := range v.score.parties {
		fmt.Fprintf(&b, " %s %s  ", v.style.parties[i].Render("──"), p.Name)
	}
	return b.String() + "\n\n"
}

// phaseLine names the phases below their part of the curve.
func (v *view) phaseLine(columns int) string {
	line := "      └"
	rows, from := total(v.score.phases), 0
	for _, p := range v.score.phases {
		left, right := from*columns/rows, (from+p.Rows)*columns/rows
		from += p.Rows
		name := []rune(p.Name)
		if room := max(0, right-left-2); len(name) > room {
			name = name[:room]
		}
		line += "│" + string(name) + strings.Repeat(" ", max(0, right-left-1-len(name)))
	}
	return v.style.faint.Render(line) + "\n"
}

// table lists the phases; those that have not begun, by name.
func (v *view) table() string {
	var b strings.Builder
	b.WriteString(tableHeader(v.score.parties))
	for i, a := range v.score.Phases() {
		if name := v.score.phases[i].Name; a.Rows == 0 {
			fmt.Fprintf(&b, "%s\n", v.style.faint.Render(name))
		} else {
			b.WriteString(tableRow(name, a.Rows, v.cells(a), 100*a.Gain))
		}
	}
	return b.String()
}

// cells are a phase's accuracies in the colours of their curves.
func (v *view) cells(a Accuracy) []string {
	cells := make([]string, len(a.Shares))
	for i, share := range a.Shares {
		cells[i] = v.style.parties[i].Render(tableCell(share, !math.IsNaN(share)))
	}
	return cells
}

func progress(done, of, width int) string {
	full := done * width / max(1, of)
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
