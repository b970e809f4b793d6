package main

import (
	"math"
	"testing"

	"github.com/fwlab/fw/sdk/sdktest"
)

// What the host relies on, gradients by central differences among it.
func TestConformance(t *testing.T) { sdktest.Test(t, plugin()) }

// Embeddings that are all alike leave a guess among 2N-1.
func TestAtChance(t *testing.T) {
	const n = 128
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = []float64{1, 0, 0}
	}
	if got, want := sdktest.Loss(t, plugin(), rows, rows), math.Log(2*n-1); math.Abs(got-want) > 1e-5 {
		t.Errorf("%v, expected ln %d = %v", got, 2*n-1, want)
	}
}

// Partners that agree and point away from all others cost nearly nothing.
func TestWhereAllIsRight(t *testing.T) {
	rows := [][]float64{{1, 0}, {-1, 0}}
	// Each has one partner at similarity 1 and two others at -1: ln(1 + 2 exp(-2/0.5)).
	if got, want := sdktest.Loss(t, plugin(), rows, rows), math.Log(1+2*math.Exp(-4)); math.Abs(got-want) > 1e-5 {
		t.Errorf("%v, expected %v", got, want)
	}
}
