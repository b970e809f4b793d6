// Package optim owns optimizers and schedules: Funcs over parameters and their
// own state, appended to the flat step. Start from [Config] and [Append].
package optim

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// Config is an optimizer with its schedule.
type Config struct {
	Name        string  // sgd, lars, adamw
	LR          float64 // the peak rate, already scaled to the batch
	MinLR       float64
	Momentum    float64
	Nesterov    bool
	WeightDecay float64
	FinalDecay  *float64 // where WeightDecay goes to by a cosine over all steps; nil: it stays
	Betas       [2]float64
	Eps         float64
	Eta         float64 // LARS trust coefficient
	Clip        Clip
	Exclude     bool   // no decay (and no trust ratio) for parameters of one dimension
	Schedule    string // cosine, step, constant
	WarmupSteps int
	Steps       int   // updates in all
	Milestones  []int // of schedule step, in updates
	Gamma       float64
}

// Slot is a tensor of optimizer state; all start at zero.
type Slot struct {
	Name  string
	Shape shape.Shape
}

// Step is what Append added to a flat function.
type Step struct {
	Slots   []Slot            // of the optimizer
	Aliases map[string]string // from outputs to the inputs they replace
	Grads   []ir.Port         // by parameter's name
}

// Append differentiates the flat function's loss and adds the parameter
// updates, averages and state outputs.
func Append(l *link.Flat, c Config) (*Step, error) {
	f := l.Func
	loss, ok := f.Output(link.LossOutput)
	if !ok {
		return nil, fmt.Errorf("optim: @%s has no output %q", f.Name, link.LossOutput)
	}
	var trained []*link.Leaf
	var wrt []ir.ID
	for _, p := range l.Params {
		if _, _, target := l.TargetOf(p.Name); !target && p.Attrs.Int("frozen", 0) >= 0 {
			trained, wrt = append(trained, p), append(wrt, p.Value)
		}
	}
	grads, err := gradients(l, loss, trained, wrt)
	if err != nil {
		return nil, err
	}
	u := &updater{Config: c, l: l, b: trace.Extend(f), aliases: map[string]string{}}
	u.b.At(ir.Loc{By: c.Name})
	err = trace.Trace(func() {
		step := u.b.Wrap(l.Context(link.StepInput, shape.Of(dtype.I32))).Float()
		u.step, u.lr, u.decay = step, u.schedule(step), u.decaySchedule(step)
		u.replace("metric/train/lr", "", u.lr)
		clipped := make([]trace.Value, len(grads))
		for i, g := range grads {
			clipped[i] = u.b.Wrap(g)
		}
		clipped = u.clip(clipped)
		next := map[string]ir.ID{}
		for i, p := range trained {
			v := u.update(p, u.b.Wrap(p.Value), clipped[i])
			next[p.Name] = v.ID()
			u.replace(link.ParamPrefix+p.Name, link.ParamPrefix+p.Name, v)
		}
		for _, p := range l.Params {
			e, source, ok := l.TargetOf(p.Name)
			if !ok {
				continue
			}
			v := p.Value
			if !e.Before {
				from, ok := next[source]
				if !ok {
					u.b.Fail("average of " + p.Name + ": no trained parameter " + source)
				}
				v = l.Average(e, p.Value, from)
			}
			u.replace(link.ParamPrefix+p.Name, link.ParamPrefix+p.Name, u.b.Wrap(v))
		}
		for _, s := range l.States {
			if s.Next != s.Input {
				u.replace(link.StatePrefix+s.Name, link.StatePrefix+s.Name, u.b.Wrap(s.Next))
			}
		}
		for _, m := range l.Metrics {
			u.replace(link.MetricPrefix+m.Name, "", u.b.Wrap(m.Value))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("optim: %w", err)
	}
	done := &Step{Slots: u.slots, Aliases: u.aliases}
	for i, p := range trained {
		done.Grads = append(done.Grads, ir.Port{Name: p.Name, Value: grads[i]})
	}
	return done, nil
}

type updater struct {
	Config
	l       *link.Flat
	b       *trace.Builder
	step    trace.Value // f32[], updates done
	lr      trace.Value
	decay   trace.Value // f32[]; invalid for none
	slots   []Slot
	aliases map[string]string
}

// replace names an output, the next value of input where that is not "".
func (u *updater) replace(output, input string, v trace.Value) {
	u.b.Output(output, v)
	if input != "" {
		u.aliases[output] = input
	}
}

// schedule is the learning rate at a step: linear warm-up from 0, then the
// schedule's shape over the rest.
func (u *updater) schedule(step trace.Value) trace.Value {
	warm := float64(u.WarmupSteps)
	rest := math.Max(1, float64(u.Steps)-warm)
	lr := u.b.Scalar(u.LR)
	switch u.Schedule {
	case "cosine": // min + (max-min) (1 + cos(pi t)) / 2, as in SGDR (Loshchilov & Hutter 2017) without restarts
		t := step.AddConst(-warm).Scale(1/rest).Clip(0, 1)
		lr = t.Scale(math.Pi).Cos().AddConst(1).Scale((u.LR - u.MinLR) / 2).AddConst(u.MinLR)
	case "step":
		for _, m := range u.Milestones {
			past := step.AddConst(0.5).MoreThan(float64(m))
			lr = past.Where(lr.Scale(u.Gamma), lr)
		}
	}
	if u.WarmupSteps > 0 {
		ramp := step.AddConst(1).Scale(u.LR / warm)
		lr = step.LessThan(warm).Where(ramp, lr)
	}
	return lr
}

// decaySchedule is the weight decay at a step, by a cosine from WeightDecay to
// FinalDecay over all steps (Caron et al. 2021 raise it so).
func (u *updater) decaySchedule(step trace.Value) trace.Value {
	switch {
	case u.FinalDecay != nil:
		t := step.Scale(1 / math.Max(1, float64(u.Steps)))
		return t.Scale(math.Pi).Cos().AddConst(1).Scale((u.WeightDecay - *u.FinalDecay) / 2).AddConst(*u.FinalDecay)
	case u.WeightDecay != 0:
		return u.b.Scalar(u.WeightDecay)
	}
	return trace.Value{}
}

// slot is a tensor of state for a parameter; it stays as it is while the parameter
// is frozen.
func (u *updater) slot(p *link.Leaf, name string) (trace.Value, func(trace.Value)) {
	full := link.OptimPrefix + p.Name + "." + name
	u.slots = append(u.slots, Slot{full, p.Shape})
	v := u.b.Wrap(u.l.Func.AddInput(full, p.Shape))
	return v, func(next trace.Value) { u.replace(full, full, u.thawed(p, next, v)) }
}

// thawed is next, or what was before while p is frozen.
func (u *updater) thawed(p *link.Leaf, next, before trace.Value) trace.Value {
	if n := p.Attrs.Int("frozen", 0); n > 0 {
		return u.step.LessThan(float64(n)).Where(before, next)
	}
	return next
}

func (u *updater) update(p *link.Leaf, v, g trace.Value) trace.Value {
	lr := u.lr
	if p.Attrs.Bool("fixed_lr") {
		lr = u.b.Scalar(u.LR)
	}
	if s := p.Attrs.Float("lr", 1); s != 1 {
		lr = lr.Scale(s)
	}
	lr = lr.BroadcastTo(p.Shape.Dims...)
	vector := p.Shape.Rank() <= 1
	decay := u.decay
	if p.Attrs.Bool("no_decay") || u.Exclude && vector {
		decay = trace.Value{}
	}
	next := v
	switch u.Name {
	case "adamw":
		next = u.adamw(p, v, g, lr, decay)
	case "lars":
		next = u.lars(p, v, g, lr, decay, u.Exclude && vector)
	default:
		next = u.sgd(p, v, g, lr, decay)
	}
	return u.thawed(p, next, v)
}

// sgd as torch.optim.SGD: buf = momentum*buf + (g + wd*p); p -= lr * buf, or
// lr * (g + momentum*buf) with Nesterov.
func (u *updater) sgd(p *link.Leaf, v, g, lr, decay trace.Value) trace.Value {
	if decay.Valid() {
		g = g.Add(v.Mul(decay))
	}
	if u.Momentum == 0 {
		return v.Sub(g.Mul(lr))
	}
	buf, set := u.slot(p, "momentum")
	next := buf.Scale(u.Momentum).Add(g)
	set(next)
	if u.Nesterov {
		next = g.Add(next.Scale(u.Momentum))
	}
	return v.Sub(next.Mul(lr))
}

// lars as the SSL papers use it (You et al. 2017): excluded parameters get
// neither decay nor trust ratio, and the rate stays outside of the momentum.
func (u *updater) lars(p *link.Leaf, v, g, lr, decay trace.Value, excluded bool) trace.Value {
	if !excluded {
		if decay.Valid() {
			g = g.Add(v.Mul(decay))
		}
		pn, gn := v.Square().Sum().Sqrt(), g.Square().Sum().Sqrt()
		q := pn.MoreThan(0).And(gn.MoreThan(0)).Where(pn.Scale(u.Eta).Div(gn), u.b.Scalar(1))
		g = g.Mul(q.BroadcastTo(p.Shape.Dims...))
	}
	buf, set := u.slot(p, "momentum")
	next := buf.Scale(u.Momentum).Add(g)
	set(next)
	return v.Sub(next.Mul(lr))
}

// adamw as torch.optim.AdamW (Loshchilov & Hutter 2019).
func (u *updater) adamw(p *link.Leaf, v, g, lr, decay trace.Value) trace.Value {
	m, setM := u.slot(p, "exp_avg")
	s, setS := u.slot(p, "exp_avg_sq")
	b1, b2 := u.Betas[0], u.Betas[1]
	m = m.Scale(b1).Add(g.Scale(1 - b1))
	s = s.Scale(b2).Add(g.Square().Scale(1 - b2))
	setM(m)
	setS(s)
	t := u.step.AddConst(1)
	if n := p.Attrs.Int("frozen", 0); n > 0 { // counts from where it thaws
		t = t.AddConst(-float64(n)).MaxConst(1)
	}
	c1 := t.Scale(math.Log(b1)).Expm1().Neg() // 1 - b1^t
	c2 := t.Scale(math.Log(b2)).Expm1().Neg()
	dims := p.Shape.Dims
	denom := s.Sqrt().Div(c2.Sqrt().BroadcastTo(dims...)).AddConst(u.Eps)
	v2 := v
	if decay.Valid() {
		v2 = v.Sub(v.Mul(lr).Mul(decay))
	}
	return v2.Sub(m.Div(denom).Mul(lr.Div(c1.BroadcastTo(dims...))))
}
