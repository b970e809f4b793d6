package sdk

import (
	"github.com/fwlab/fw/core/trace"
)

// Module is a chain of layers with parameters under one scope.
type Module struct {
	s      *Step
	scope  string
	layers []Layer
	groups int
	frozen bool
}

// Module joins layers under a scope; Apply uses the scope's parameters.
func (s *Step) Module(scope string, layers ...Layer) Module {
	return Module{s: s, scope: scope, layers: layers}
}

// Apply runs the chain.
func (m Module) Apply(x Value) Value {
	b := m.s.Builder
	norms := b.Norms()
	if m.groups > 0 {
		b.SetNorms(trace.Norms{Groups: m.groups, Frozen: norms.Frozen})
	}
	if m.frozen {
		b.SetNorms(trace.Norms{Frozen: true})
	}
	for _, l := range m.layers {
		if m.frozen {
			l = l.With(Frozen())
		}
		x = l(m.scope, x)
	}
	b.SetNorms(norms)
	return x
}

// Split is m with every batch normalisation, those of the backbone included, over
// groups equal parts of the batch, as if each part were on a device of its own.
func (m Module) Split(groups int) Module {
	m.groups = groups
	return m
}

// EMA is the same module over an exponential moving average of m's parameters,
// equal to them at the start, with its own batch statistics; no gradient reaches
// them or m through them. It is updated after the optimizer, or with before ahead
// of the forward pass.
func (m Module) EMA(momentum Value, before bool) Module {
	target := m
	target.scope = m.scope + "_ema"
	m.s.Builder.EMA(m.scope, target.scope, momentum, before)
	return target
}

// Pretrained is m with the parameters and statistics of another run or of a file,
// which the experiment names in [modules.SCOPE]. They stay as they are: no update
// moves them, and batch normalisations use the running statistics.
func (m Module) Pretrained() Module {
	m.s.Builder.Pretrained(m.scope)
	m.frozen = true
	return m
}

// Minimize has m's parameters follow a loss of their own, and not the step's.
func (m Module) Minimize(loss Value) { m.s.Builder.Minimize(m.scope, loss) }

// Evaluate makes m's backbone the one that is evaluated and exported.
func (m Module) Evaluate() { m.s.Builder.Encoder(m.scope) }

// With holds options of parameters for all that the layer declares: [LRScale],
// [FixedLR], [NoDecay], [FrozenUntil].
func (l Layer) With(options ...ParamOption) Layer {
	return func(scope string, x Value) (y Value) {
		x.Builder().With(options, func() { y = l(scope, x) })
		return y
	}
}
