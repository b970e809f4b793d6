//! Objectives: parameters, states, and the other plugins of an experiment.

use super::trace::{emit, emit1, fail, fill, input, with, Signature};
use super::types::{Attr, DType, Shape, Value};

/// Traces a task's objective over a batch.
pub struct Step(());

#[track_caller]
fn kept(op: &str, name: &str, init: &str, args: &[f64], s: &Shape) -> Value {
    emit1(op, &[], &[("shape", Attr::Shape(s)), ("name", Attr::Str(name)), ("init", Attr::Str(init)), ("args", Attr::Floats(args))], s.clone())
}

#[track_caller]
fn effect(op: &str, x: Value, attrs: &[(&str, Attr)]) {
    emit(op, &[x], attrs, &[]);
}

impl Step {
    pub(super) fn new() -> Step {
        let inputs = with(|t| t.request.inputs.clone());
        inputs.iter().for_each(|(name, s)| {
            input(name, s);
        });
        Step(())
    }

    /// Of a backbone, which declares its input itself.
    pub(super) fn bare() -> Step {
        Step(())
    }

    /// Of a backbone: whether statistics are of the batch, or frozen.
    pub fn training(&self) -> bool {
        with(|t| t.request.training)
    }

    /// The number of images in a step.
    pub fn batch(&self) -> i64 {
        with(|t| t.request.batch)
    }

    /// The number of images in the training set.
    pub fn samples(&self) -> i64 {
        with(|t| t.request.samples)
    }

    #[track_caller]
    fn input(&self, name: &str) -> Value {
        let found = with(|t| t.request.inputs.iter().find(|(n, _)| n == name).cloned());
        match found {
            Some((name, s)) => input(&name, &s),
            None => {
                fail(&format!("the view program gives no {name}"));
                fill(&Shape::f32(&[]), 0.0)
            }
        }
    }

    /// All views of the first size, view by view: f32[V*B,H,W,C].
    #[track_caller]
    pub fn views(&self) -> Value {
        self.group(0)
    }

    /// All views of the i-th size, view by view.
    #[track_caller]
    pub fn group(&self, i: usize) -> Value {
        self.input(&format!("views.{i}"))
    }

    /// The i-th view of the whole batch: f32[B,H,W,C].
    #[track_caller]
    pub fn view(&self, mut i: i64) -> Value {
        let b = self.batch().max(1);
        let groups = with(|t| t.request.inputs.iter().filter(|(n, _)| n.starts_with("views.")).count());
        for g in 0..groups {
            let all = self.group(g);
            let n = all.dim(0) / b;
            if i < n {
                return all.slice(0, i * b, (i + 1) * b);
            }
            i -= n;
        }
        self.group(groups)
    }

    /// What the views were labelled with, view by view.
    #[track_caller]
    pub fn target(&self, name: &str) -> Value {
        self.input(&format!("target.{name}"))
    }

    /// A trainable parameter; init and its args are those of the op param.
    #[track_caller]
    pub fn param(&self, name: &str, init: &str, args: &[f64], dims: &[i64]) -> Value {
        kept("param", name, init, args, &Shape::f32(dims))
    }

    /// A value kept between steps.
    #[track_caller]
    pub fn state(&self, name: &str, init: &str, args: &[f64], s: &Shape) -> Value {
        kept("state", name, init, args, s)
    }

    /// Makes x the value of a state from here on.
    #[track_caller]
    pub fn assign(&self, state: &str, x: Value) {
        effect("assign", x, &[("name", Attr::Str(state))]);
    }

    /// Makes module target the moving average of module source.
    #[track_caller]
    pub fn ema(&self, source: &str, target: &str, momentum: Value, before: bool) {
        effect("ema", momentum, &[("source", Attr::Str(source)), ("target", Attr::Str(target)), ("before", Attr::Int(before as i64))]);
    }

    /// Logs a scalar.
    #[track_caller]
    pub fn metric(&self, name: &str, x: Value) {
        effect("metric", x, &[("name", Attr::Str(name))]);
    }

    /// The number of updates done, i32[].
    #[track_caller]
    pub fn step_number(&self) -> Value {
        emit1("context", &[], &[("name", Attr::Str("step"))], Shape::of(DType::I32, &[]))
    }

    /// The number of updates of the whole run, i32[].
    #[track_caller]
    pub fn total_steps(&self) -> Value {
        emit1("context", &[], &[("name", Attr::Str("steps"))], Shape::of(DType::I32, &[]))
    }

    /// Another plugin's function, its parameters under the module scope.
    #[track_caller]
    pub fn call(&self, callee: &str, scope: &str, operands: &[Value]) -> Value {
        let result = with(|t| {
            let shapes: Vec<Shape> = operands.iter().map(|&v| t.shape(v)).collect();
            let known = t.request.known.iter().find(|k| k.callee == callee && k.operands == shapes).and_then(|k| k.result.clone());
            let result = if callee == "loss" { Some(Shape::f32(&[])) } else { known };
            if result.is_none() && t.mistake.is_none() && t.need.is_none() {
                t.need = Some(Signature { callee: callee.into(), operands: shapes, result: None });
            }
            result.unwrap_or(Shape::f32(&[]))
        });
        let mut attrs = vec![("callee", Attr::Str(callee)), ("shape", Attr::Shape(&result))];
        if !scope.is_empty() {
            attrs.push(("scope", Attr::Str(scope)));
        }
        emit1("call", operands, &attrs, result.clone())
    }

    /// The experiment's loss.
    #[track_caller]
    pub fn loss(&self, operands: &[Value]) -> Value {
        self.call("loss", "loss", operands)
    }

    /// A stage of the experiment's network: pooled is f32[N,H,W,C] to f32[N,D].
    #[track_caller]
    pub fn backbone(&self, stage: &str, scope: &str, x: Value) -> Value {
        let scope = if scope.is_empty() { "backbone".into() } else { format!("{scope}.backbone") };
        self.call(&format!("backbone.{stage}"), &scope, &[x])
    }

    /// torch.nn.Linear with its initialisation: name.weight [out,in] and name.bias [out].
    #[track_caller]
    pub fn linear(&self, name: &str, x: Value, out: i64, bias: bool) -> Value {
        let inputs = x.dim(-1);
        let bound = 1.0 / (inputs as f64).sqrt();
        let w = self.param(&format!("{name}.weight"), "uniform", &[-bound, bound], &[out, inputs]);
        let y = x.dot(w, -1, 1);
        if !bias {
            return y;
        }
        y.add(self.param(&format!("{name}.bias"), "uniform", &[-bound, bound], &[out]))
    }

    /// torch.nn.BatchNorm over all but the last dimension.
    #[track_caller]
    pub fn batch_norm(&self, name: &str, x: Value, training: bool, affine: bool) -> Value {
        let c = x.dim(-1);
        let groups = with(|t| t.request.norm_groups).max(1);
        let s = Shape::f32(&[c]);
        let (mut scale, mut offset) = (fill(&s, 1.0), fill(&s, 0.0));
        if affine {
            scale = self.param(&format!("{name}.weight"), "constant", &[1.0], &[c]);
            offset = self.param(&format!("{name}.bias"), "constant", &[0.0], &[c]);
        }
        let (mean_name, var_name) = (format!("{name}.running_mean"), format!("{name}.running_var"));
        let mean = self.state(&mean_name, "constant", &[0.0], &s);
        let variance = self.state(&var_name, "constant", &[1.0], &s);
        let epsilon = ("epsilon", Attr::Float(1e-5));
        if !training {
            return emit1("batch_norm_inference", &[x, scale, offset, mean, variance], &[epsilon], x.shape());
        }
        let statistics = if groups > 1 { Shape::f32(&[groups, c]) } else { s };
        let out = emit("batch_norm_training", &[x, scale, offset], &[epsilon, ("groups", Attr::Int(groups))], &[x.shape(), statistics.clone(), statistics]);
        let (m, v) = if groups > 1 { (out[1].mean(&[0]), out[2].mean(&[0])) } else { (out[1], out[2]) };
        let n = (x.size() / c / groups) as f64;
        self.assign(&mean_name, mean.scale(0.9).add(m.scale(0.1)));
        self.assign(&var_name, variance.scale(0.9).add(v.scale(0.1 * n / f64::max(1.0, n - 1.0))));
        out[0]
    }

    /// A convolution without bias, name.weight [out,C,k,k], initialised as He et al. (2015).
    #[track_caller]
    pub fn convolution(&self, name: &str, x: Value, out: i64, k: i64, stride: i64, pad: i64) -> Value {
        let w = self.param(&format!("{name}.weight"), "normal", &[0.0, (2.0 / (k * k * out) as f64).sqrt()], &[out, x.dim(-1), k, k]);
        let (b, h, width) = four("convolution", x);
        let (strides, pads, ones) = ([stride; 2], [pad; 4], [1; 2]);
        let attrs = [("stride", Attr::Ints(&strides)), ("padding", Attr::Ints(&pads)), ("dilation", Attr::Ints(&ones)), ("groups", Attr::Int(1))];
        emit1("convolution", &[x, w], &attrs, Shape::f32(&[b, window(h, k, stride, pad), window(width, k, stride, pad), out]))
    }

    /// The maximum of k by k windows of f32[B,H,W,C].
    #[track_caller]
    pub fn max_pool(&self, x: Value, k: i64, stride: i64, pad: i64) -> Value {
        let (b, h, width) = four("reduce_window", x);
        let (windows, strides, pads) = ([k; 2], [stride; 2], [pad; 4]);
        let attrs = [("window", Attr::Ints(&windows)), ("stride", Attr::Ints(&strides)), ("padding", Attr::Ints(&pads)), ("kind", Attr::Str("maximum"))];
        emit1("reduce_window", &[x], &attrs, Shape::f32(&[b, window(h, k, stride, pad), window(width, k, stride, pad), x.dim(-1)]))
    }
}

/// A dimension's size after a window of k moves over n.
fn window(n: i64, k: i64, stride: i64, pad: i64) -> i64 {
    (n + 2 * pad - k) / stride + 1
}

/// The first three dimensions of f32[B,H,W,C].
#[track_caller]
fn four(op: &str, x: Value) -> (i64, i64, i64) {
    match x.shape().dims[..] {
        [b, h, w, _] => (b, h, w),
        _ => {
            fail(&format!("{op}: expected f32[B,H,W,C], found {}", x.shape()));
            (1, 1, 1)
        }
    }
}
