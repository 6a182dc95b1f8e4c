package demo

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
)

// trio are a champion and two challengers beside the source model, as in the demo.
func trio() []Party {
	return []Party{
		{Name: "source"}, {Name: "norms", Role: tta.Challenger, Strategies: []string{"bnema"}},
		{Name: "prior", Role: tta.Challenger}, {Name: "labels", Role: tta.Champion},
	}
}

// halfway is a run that has finished its first phase and part of the second.
func halfway() *Score {
	now := time.Unix(1000, 0)
	phases := []Phase{{Name: "clean", Rows: 300}, {Name: "a very long name for fog", Rows: 300}}
	for range 5 {
		phases = append(phases, Phase{Name: "calm", Rows: 60})
	}
	s := NewScore(phases, trio(), func() time.Time { return now })
	s.Start()
	for i := range 450 {
		s.Send(Row{Index: i, Phase: i / 300, Label: 1})
		s.Answer(i, Answer{Pipeline: "labels", Class: 1, Source: 1 - i/300})
		s.Answer(i, Answer{Pipeline: "norms", Class: i / 150 % 2})
	}
	now = now.Add(10 * time.Second)
	return s
}

// colourless are the styles of a writer that is no terminal.
func colourless() styles { return newStyles(lipgloss.NewRenderer(io.Discard), len(trio())) }

func TestViewShowsCurvesPhasesAndSpeed(t *testing.T) {
	v := &view{score: halfway(), address: "nats://127.0.0.1:4222", width: 80, style: colourless()}
	picture := v.View()
	for _, want := range []string{
		"nats://127.0.0.1:4222", "100% ┤", "│clean",
		"phase                        rows   source    norms    prior   labels    gain",
		"clean                         300   100.0%    50.0%        -   100.0%    +0.0",
		"a very long name for fog      150     0.0%     0.0%        -   100.0%  +100.0",
		"450 of 900 rows  45 rows/s", "Ctrl-C drains and ends",
	} {
		assert.Contains(t, picture, want)
	}
	lines := strings.Split(picture, "\n")
	assert.LessOrEqual(t, len(lines), 24, "an ordinary terminal shows all of it, with seven phases")
	for _, line := range lines {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}
}

func TestViewStopsTheStreamOnCtrlC(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	v := &view{score: halfway(), stop: stop, stopped: ctx.Done(), width: 80, style: colourless()}
	_, cmd := v.Update(tea.KeyMsg{Type: tea.KeyCtrlC})
	assert.Nil(t, cmd, "the picture stays until what is in flight has come back")
	assert.Error(t, ctx.Err())
	assert.Contains(t, v.View(), "waiting for the rows in flight")
	_, cmd = v.Update(doneMsg{})
	require.NotNil(t, cmd)
	assert.Equal(t, tea.Quit(), cmd())
	assert.NotContains(t, v.View(), "waiting", "the last picture has no hint")
}

func TestViewFollowsTheTerminalsWidth(t *testing.T) {
	v := &view{score: halfway(), width: 80, style: colourless()}
	v.Update(tea.WindowSizeMsg{Width: 50, Height: 20})
	assert.Equal(t, 50, v.width)
	v.Update(tea.WindowSizeMsg{Width: 5, Height: 20})
	assert.Equal(t, 40, v.width, "narrower than this there is nothing to see")
	v.View()
}

func TestWatchDrawsUntilTheRunEnds(t *testing.T) {
	var out bytes.Buffer
	quit := make(chan struct{})
	close(quit)
	nothing, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer nothing.Close()
	require.NoError(t, watch(t.Context(), nothing, &out, halfway(), "nats://x", func() {}, quit))
	assert.Contains(t, out.String(), "ttad demo")
}

func TestNarrateTellsEachPhaseOnce(t *testing.T) {
	var out bytes.Buffer
	s := halfway()
	told := tell(&out, s, 0, false)
	told = tell(&out, s, told, false)
	assert.Equal(t, 1, told, "the second phase has answers, so the first is over")
	quit := make(chan struct{})
	close(quit)
	first := "phase 1 of 7, clean: 300 rows, source 100.0 %, norms 50.0 %, labels 100.0 %\n"
	assert.Equal(t, first, out.String(), "a challenger that has answered nothing is left out")
	out.Reset()
	narrate(&out, s, quit)
	assert.Equal(t, first+"phase 2 of 7, a very long name for fog: 150 rows, source 0.0 %, norms 0.0 %, labels 100.0 %\n", out.String())
}
