package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/configs"
)

func TestDevicesAreListedWithReasonsBelow(t *testing.T) {
	card := accel.Info{Kind: "cuda", Name: "Card", Type: "gpu", Memory: 85899345920, Driver: "550.54", Version: "CUDA 12.4", Index: 1}
	r := devicesReport{
		Devices: []deviceReport{reportOf(accel.Found{Info: card}), reportOf(accel.Found{Info: card, Refused: errors.New("it is too old")})},
		Missing: []missingReport{{"opencl", true, "its library is cut off"}},
	}
	out := &bytes.Buffer{}
	require.NoError(t, r.writeText(out))
	require.Equal(t, `KIND  INDEX  NAME  TYPE  MEMORY    DRIVER  VERSION    VERDICT
cuda  1      Card  gpu   80.0 GiB  550.54  CUDA 12.4  usable
cuda  1      Card  gpu   80.0 GiB  550.54  CUDA 12.4  refused

cuda 1 is refused
  it is too old

opencl does not work
  its library is cut off
`, out.String())
}

// What may be preferred is what is looked for, in the same order.
func TestEveryKindThatMayBePreferredIsListed(t *testing.T) {
	require.Equal(t, configs.DefaultDevice().Prefer, kindsOfDevices())
}
