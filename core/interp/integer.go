package interp

import "math"

// divI32 is StableHLO's integer division: towards zero, by zero gives all ones.
func divI32(x, y int32) int32 {
	if y == 0 {
		return -1
	}
	return x / y
}

// remI32 is StableHLO's integer remainder: by zero gives the dividend.
func remI32(x, y int32) int32 {
	if y == 0 {
		return x
	}
	return x % y
}

func divU32(x, y uint32) uint32 {
	if y == 0 {
		return math.MaxUint32
	}
	return x / y
}

func remU32(x, y uint32) uint32 {
	if y == 0 {
		return x
	}
	return x % y
}

// toI32 truncates and saturates; NaN gives 0.
func toI32(x float64) int32 {
	if x != x {
		return 0
	}
	return int32(max(math.MinInt32, min(math.MaxInt32, x)))
}

// toU32 truncates and saturates; NaN gives 0.
func toU32(x float64) uint32 {
	if x != x {
		return 0
	}
	return uint32(max(0, min(math.MaxUint32, x)))
}
