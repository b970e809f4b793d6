package fuse

// Op is an elementwise op of StableHLO (erf is CHLO's). Operands are A, B, C in
// StableHLO's order: Select is B where A holds, else C; Clamp is B limited to [A, C].
type Op uint8

const (
	Invalid Op = iota
	Abs
	Negate
	Exponential
	ExponentialMinusOne
	Log
	LogPlusOne
	Sqrt
	Rsqrt
	Tanh
	Logistic
	Erf
	Sine
	Cosine
	Sign
	Floor
	Ceil
	RoundNearestEven
	Not
	IsFinite
	Convert
	Add
	Subtract
	Multiply
	Divide
	Maximum
	Minimum
	Power
	Remainder
	And
	Or
	Xor
	ShiftLeft
	ShiftRightLogical
	EQ
	NE
	LT
	LE
	GT
	GE
	Select
	Clamp
	numOps
)

var opNames = [numOps]string{"invalid", "abs", "negate", "exponential", "exponential_minus_one", "log", "log_plus_one",
	"sqrt", "rsqrt", "tanh", "logistic", "erf", "sine", "cosine", "sign", "floor", "ceil", "round_nearest_even", "not",
	"is_finite", "convert", "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "remainder", "and", "or",
	"xor", "shift_left", "shift_right_logical", "EQ", "NE", "LT", "LE", "GT", "GE", "select", "clamp"}

// String is the op's name in StableHLO; for a comparison, its direction.
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return opNames[Invalid]
}

// Lookup finds the op of a name; for "compare", of a direction such as "LT".
func Lookup(name, direction string) (Op, bool) {
	if name == "compare" {
		name = direction
	}
	for o := Abs; o < numOps; o++ {
		if opNames[o] == name {
			return o, o < EQ || o > GE || name == direction
		}
	}
	return Invalid, false
}

// operands is how many of A, B, C an op takes.
func (o Op) operands() int {
	switch {
	case o <= Convert:
		return 1
	case o <= GE:
		return 2
	}
	return 3
}
