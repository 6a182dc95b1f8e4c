package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
)

func TestAPlacementInPartsIsPrintedAsATable(t *testing.T) {
	card := accel.Info{Kind: "cuda", Name: "H100", Driver: "550.54", Version: "CUDA 12.4"}
	processor := accel.Info{Kind: "cpu", Name: "avx512 on amd64", Threads: 8}
	p := models.Placement{Steps: 7, Parts: []models.Placed{
		{Device: card, First: "conv", Last: "bn", Steps: 5},
		{Device: processor, First: "gather", Last: "gather", Steps: 1, Why: []string{`cuda: node "gather": op Gather: not supported by this device: 9 axes`}},
		{Device: card, First: "fc", Last: "fc", Steps: 1},
	}}
	var b strings.Builder
	require.NoError(t, writePlacement(&b, p))
	assert.Equal(t, `
placement: 6 steps on cuda and 1 on cpu, in 3 parts; most on cuda (H100, 550.54 CUDA 12.4)
  device  steps  nodes       because
  cuda    5      conv to bn  
  cpu     1      gather      cuda: node "gather": op Gather: not supported by this device: 9 axes
  cuda    1      fc          
`, b.String())
}

func TestAPlacementOnOneDeviceIsALine(t *testing.T) {
	p := models.Placement{
		Steps: 3, Parts: []models.Placed{{Device: accel.Info{Kind: "cpu", Name: "avx2 on amd64", Threads: 4}, First: "a", Last: "c", Steps: 3}},
		Refused: []error{errors.New("opencl: too small")},
	}
	var b strings.Builder
	require.NoError(t, writePlacement(&b, p))
	assert.Equal(t, "\nplacement: all 3 steps on cpu (avx2 on amd64, 4 threads)\n  not used: opencl: too small\n", b.String())
}
