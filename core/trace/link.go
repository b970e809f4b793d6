package trace

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Init says how a parameter or state starts.
type Init struct {
	kind string
	args []float64
}

// Initialisers. Truncated cuts the normal at lo and hi.

func Constant(x float64) Init       { return Init{"constant", []float64{x}} }
func Normal(mean, std float64) Init { return Init{"normal", []float64{mean, std}} }
func UniformIn(lo, hi float64) Init { return Init{"uniform", []float64{lo, hi}} }

// OnSphere draws rows of length 1, evenly over the sphere.
func OnSphere() Init { return Init{kind: "unit_normal"} }

func Truncated(std, lo, hi float64) Init {
	return Init{"truncated_normal", []float64{0, std, lo, hi}}
}

// Table gives every element, computed when tracing.
func Table(elements []float64) Init { return Init{"table", elements} }

// ParamOption changes how the optimizer treats a parameter.
type ParamOption func(*[]ir.Attr)

// LRScale multiplies the parameter's learning rate.
func LRScale(x float64) ParamOption {
	return func(a *[]ir.Attr) { *a = append(*a, ir.Float("lr", x)) }
}

// FixedLR leaves the parameter out of the learning-rate schedule.
func FixedLR() ParamOption { return flag("fixed_lr", 1) }

// NoDecay leaves the parameter out of weight decay.
func NoDecay() ParamOption { return flag("no_decay", 1) }

// UnitRows divides the parameter's rows, along the last dimension, by their lengths
// before each step.
func UnitRows() ParamOption { return flag("unit_rows", 1) }

// FrozenUntil holds the parameter until that step; -1 for ever.
func FrozenUntil(step int) ParamOption { return flag("frozen", step) }

func flag(name string, v int) ParamOption {
	return func(a *[]ir.Attr) { *a = append(*a, ir.Int(name, v)) }
}

// Param declares a trainable f32 parameter by name within its module. The same
// name again is the same parameter.
func (b *Builder) Param(name string, init Init, dims []int, options ...ParamOption) Value {
	attrs := []ir.Attr{ir.OfShape("shape", shape.F32(dims...)), ir.String("name", name), ir.String("init", init.kind), ir.Floats("args", init.args...)}
	return b.emit1("param", nil, withOptions(attrs, options, b.with)...)
}

// State declares a value kept between steps, by name within its module, and reads it.
func (b *Builder) State(name string, s shape.Shape, init Init) Value {
	return b.emit1("state", nil, ir.OfShape("shape", s), ir.String("name", name), ir.String("init", init.kind), ir.Floats("args", init.args...))
}

// SampleState declares one row per training image and reads all of it, [samples, dims...].
func (b *Builder) SampleState(name string, s shape.Shape, init Init) Value {
	return b.emit1("state", nil, ir.OfShape("shape", s), ir.String("name", name), ir.String("init", init.kind), ir.Floats("args", init.args...), ir.Int("sample", 1))
}

// Assign makes v the value of a state from here on.
func (b *Builder) Assign(name string, v Value) { b.Emit("assign", []Value{v}, ir.String("name", name)) }

// AssignBefore sets a parameter or state ahead of the forward pass of each step.
func (b *Builder) AssignBefore(name string, v Value) {
	b.Emit("assign", []Value{v}, ir.String("name", name), ir.Int("before", 1))
}

// EMA makes module target the exponential moving average of module source with
// the given momentum f32[], updated before the forward pass or after the update.
func (b *Builder) EMA(source, target string, momentum Value, before bool) {
	b.Emit("ema", []Value{momentum}, ir.String("source", source), ir.String("target", target), ir.Bool("before", before))
}

// Metric logs the scalar v.
func (b *Builder) Metric(name string, v Value) { b.Emit("metric", []Value{v}, ir.String("name", name)) }

// StepNumber is the number of updates done, i32[].
func (b *Builder) StepNumber() Value { return b.emit1("context", nil, ir.String("name", "step")) }

// TotalSteps is the number of updates of the whole run, i32[].
func (b *Builder) TotalSteps() Value { return b.emit1("context", nil, ir.String("name", "steps")) }

// Minimize has the parameters of module scope follow this loss f32[], and no other.
func (b *Builder) Minimize(scope string, loss Value) {
	b.Emit("objective", []Value{loss}, ir.String("scope", scope))
}

// Encoder makes the backbone of module scope the one that is evaluated and exported.
func (b *Builder) Encoder(scope string) { b.Emit("encoder", nil, ir.String("scope", scope)) }

// Pretrained has a module start as what the experiment gives for it.
func (b *Builder) Pretrained(scope string) { b.Emit("pretrained", nil, ir.String("scope", scope)) }

// Labels is what the dataset says of the batch's n samples, i32[n]; -1 where it
// says nothing.
func (b *Builder) Labels(n int) Value {
	return b.emit1("context", nil, ir.String("name", "labels"), ir.Int("n", n))
}

// Phase asks for the pretext task's function phase.name over the whole training
// set, after the first epochs and then after every that many; every 0: once.
func (b *Builder) Phase(name string, first, every int) {
	b.Emit("phase", nil, ir.String("name", name), ir.Int("first", first), ir.Int("every", every))
}

// Collect is, in a phase, the rows of all batches: x f32[n,...] to [samples,...].
func (v Value) Collect(samples int) Value {
	return v.b.emit1("collect", []Value{v}, ir.Int("samples", samples))
}

// Restart has, in a phase, the parameters and states of a module start afresh.
func (b *Builder) Restart(scope string) { b.Emit("restart", nil, ir.String("scope", scope)) }

// Draw has, in a phase, epochs go through the images at these positions, i32[samples].
func (b *Builder) Draw(positions Value) { b.Emit("draw", []Value{positions}) }

// Indices is the dataset positions of the batch's n samples, i32[n].
func (b *Builder) Indices(n int) Value {
	return b.emit1("context", nil, ir.String("name", "indices"), ir.Int("n", n))
}

// Key is a random key of this step, u32[2]; each purpose has its own.
func (b *Builder) Key(purpose int) Value {
	k := b.emit1("context", nil, ir.String("name", "key"))
	return k.FoldIn(b.Fill(shape.Of(dtype.I32), float64(purpose)))
}

// FoldIn derives the key of a part of key v.
func (v Value) FoldIn(part Value) Value { return v.b.emit1("rng_fold_in", []Value{v, part}) }

// Uniform draws f32 in [lo, hi) from key v.
func (v Value) Uniform(lo, hi float64, dims ...int) Value {
	return v.b.emit1("rng_uniform", []Value{v}, ir.OfShape("shape", shape.F32(dims...)), ir.Float("low", lo), ir.Float("high", hi))
}

// Normal draws standard normals from key v.
func (v Value) Normal(dims ...int) Value {
	return v.b.emit1("rng_normal", []Value{v}, ir.OfShape("shape", shape.F32(dims...)))
}

// Beta draws f32[dims] of Beta(p, q) from key v.
func (v Value) Beta(p, q float64, dims ...int) Value {
	return v.b.emit1("rng_beta", []Value{v}, ir.OfShape("shape", shape.F32(dims...)), ir.Float("a", p), ir.Float("b", q))
}

// Permutation draws a permutation of 0..n-1 from key v.
func (v Value) Permutation(n int) Value {
	return v.b.emit1("rng_permutation", []Value{v}, ir.Int("n", n))
}

// Call is the result of another plugin's function, its parameters under the module scope.
func (b *Builder) Call(callee, scope string, in ...Value) Value {
	shapes := make([]shape.Shape, len(in))
	for i, v := range in {
		shapes[i] = v.Shape()
	}
	if b.calls == nil {
		b.Fail("call of " + callee + ": nothing can be called here")
	}
	s, err := b.calls(callee, shapes)
	if err != nil {
		panic(abort{err})
	}
	attrs := []ir.Attr{ir.String("callee", callee), ir.OfShape("shape", s)}
	if scope != "" {
		attrs = append(attrs, ir.String("scope", scope))
	}
	if b.norms.Groups > 1 {
		attrs = append(attrs, ir.Int("groups", b.norms.Groups))
	}
	if b.norms.Frozen {
		attrs = append(attrs, ir.Int("inference", 1))
	}
	attrs = withOptions(attrs, nil, b.with)
	return b.emit1("call", in, attrs...)
}
