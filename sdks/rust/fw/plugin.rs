//! Plugins: what an author declares, and how a trace is answered.

use super::crop::{self, Crop};
use super::params::Params;
use super::step::Step;
use super::trace::{fail, input, output, with, Request, Signature, Trace};
use super::types::Value;
use super::views::Views;
use super::wire::{Reader, Result, Writer};

/// A loss of a signature (contrast, classify, predict ...; docs/abi.md has their inputs).
pub trait Loss {
    fn params(&mut self, _p: &mut Params) {}
    fn loss(&self, inputs: &[Value]) -> Value;
}

/// A pretext task: what is seen, and what is asked. The objective is the loss, f32[].
pub trait Pretext {
    fn params(&mut self, _p: &mut Params) {}
    fn views(&self, v: &Views);
    fn objective(&self, s: &Step) -> Value;
}

/// An augmentation: a picture u8[H,W,C] to one of the same size.
pub trait Augment {
    fn params(&mut self, _p: &mut Params) {}
    fn augment(&self, v: &Views, picture: Value) -> Value;
}

/// A network with named stages (map, pooled; embed, encode), of an input f32[N,H,W,C].
pub trait Backbone {
    fn params(&mut self, _p: &mut Params) {}
    fn stage(&self, s: &Step, stage: &str, x: Value) -> Value;
}

enum Kind {
    Crop(Box<dyn Crop>),
    Loss(Box<dyn Loss>),
    Pretext(Box<dyn Pretext>),
    Augment(Box<dyn Augment>),
    Backbone(Box<dyn Backbone>),
}

/// One declared plugin.
pub struct Plugin {
    pub(super) id: &'static str,
    version: &'static str,
    doc: &'static str,
    signature: &'static str,
    defaults: [&'static str; 3],
    kind: Kind,
}

fn plugin(id: &'static str, version: &'static str, signature: &'static str, kind: Kind) -> Plugin {
    Plugin { id, version, doc: "", signature, defaults: [""; 3], kind }
}

pub fn crop(id: &'static str, version: &'static str, c: impl Crop + 'static) -> Plugin {
    plugin(id, version, "", Kind::Crop(Box::new(c)))
}

pub fn loss(id: &'static str, version: &'static str, signature: &'static str, l: impl Loss + 'static) -> Plugin {
    plugin(id, version, signature, Kind::Loss(Box::new(l)))
}

pub fn pretext(id: &'static str, version: &'static str, signature: &'static str, p: impl Pretext + 'static) -> Plugin {
    plugin(id, version, signature, Kind::Pretext(Box::new(p)))
}

pub fn augment(id: &'static str, version: &'static str, a: impl Augment + 'static) -> Plugin {
    plugin(id, version, "", Kind::Augment(Box::new(a)))
}

pub fn backbone(id: &'static str, version: &'static str, b: impl Backbone + 'static) -> Plugin {
    plugin(id, version, "", Kind::Backbone(Box::new(b)))
}

const SIGNATURES: [(&str, &[&str]); 10] = [
    ("contrast", &["z1", "z2"]),
    ("lookup", &["queries", "keys", "negatives"]),
    ("instance", &["features", "bank", "instances"]),
    ("group", &["embeddings", "groups"]),
    ("classify", &["logits", "labels"]),
    ("match", &["logits", "targets"]),
    ("predict", &["prediction", "target"]),
    ("distill", &["student", "teacher"]),
    ("reconstruct", &["prediction", "target", "mask"]),
    ("unmask", &["logits", "tokens", "mask"]),
];

impl Plugin {
    /// One sentence, with its source.
    pub fn doc(mut self, s: &'static str) -> Plugin {
        self.doc = s;
        self
    }

    /// Of a crop: it goes by the box of an object, so that the host finds one for each image.
    pub fn boxes(mut self) -> Plugin {
        self.signature = "boxes";
        self
    }

    /// Of a pretext task: the loss, crop and augmentation it is published with.
    pub fn defaults(mut self, loss: &'static str, crop: &'static str, augment: &'static str) -> Plugin {
        self.defaults = [loss, crop, augment];
        self
    }

    fn params(&mut self, p: &mut Params) {
        match &mut self.kind {
            Kind::Crop(x) => x.params(p),
            Kind::Loss(x) => x.params(p),
            Kind::Pretext(x) => x.params(p),
            Kind::Augment(x) => x.params(p),
            Kind::Backbone(x) => x.params(p),
        }
    }

    pub(super) fn describe(&mut self, w: &mut Writer) {
        let (kind, style) = match self.kind {
            Kind::Crop(_) => ("crop", "crop"),
            Kind::Loss(_) => ("loss", "trace"),
            Kind::Pretext(_) => ("pretext", "trace"),
            Kind::Augment(_) => ("augment", "trace"),
            Kind::Backbone(_) => ("backbone", "trace"),
        };
        let mut params = Params::new(self.id);
        self.params(&mut params);
        for (i, s) in [self.id, kind, self.version, self.doc].into_iter().enumerate() {
            w.string(1 + i as u32, s);
        }
        w.0.append(&mut params.described.0);
        let [loss, crop, augment] = self.defaults;
        for (i, s) in [self.signature, loss, crop, augment, style].into_iter().enumerate() {
            w.string(6 + i as u32, s);
        }
    }

    pub(super) fn crops(&mut self, r: Reader) -> Result<Vec<u8>> {
        match &mut self.kind {
            Kind::Crop(c) => crop::answer(self.id, c.as_mut(), r),
            _ => Err(format!("{} is no crop", self.id)),
        }
    }

    pub(super) fn traces(&mut self, r: Reader) -> Result<Vec<u8>> {
        if let Kind::Crop(_) = self.kind {
            return Err(format!("{} traces nothing", self.id));
        }
        let mut params = Params::new(self.id);
        let request = read(self.id, &mut params, r)?;
        self.params(&mut params);
        params.end()?;
        with(|t| *t = Trace::new(request));
        self.function();
        let trace = with(std::mem::take);
        if let Some(text) = trace.mistake {
            return Err(text);
        }
        if let Some(n) = &trace.need {
            let mut w = Writer::default();
            w.message(2, |w| {
                w.string(1, &n.callee);
                n.operands.iter().for_each(|s| w.shape(2, s));
            });
            return Ok(w.0);
        }
        Ok(trace.program().0)
    }

    fn function(&self) {
        let (function, inputs) = with(|t| (t.request.function.clone(), t.request.inputs.clone()));
        match &self.kind {
            Kind::Loss(l) => {
                let names = SIGNATURES.iter().find(|s| s.0 == self.signature).map_or(&[][..], |s| s.1);
                if names.len() != inputs.len() {
                    return fail(&format!("a loss of signature {} takes {} inputs, found {}", self.signature, names.len(), inputs.len()));
                }
                let values: Vec<Value> = names.iter().zip(&inputs).map(|(name, (_, s))| input(name, s)).collect();
                output("loss", l.loss(&values));
            }
            Kind::Augment(a) => match &inputs[..] {
                [(_, s)] => output("image", a.augment(&Views::new(), input("image", s))),
                _ => fail("an augmentation takes one picture"),
            },
            Kind::Backbone(b) => match &inputs[..] {
                [(_, s)] => output("y", b.stage(&Step::bare(), &function, input("x", s))),
                _ => fail(&format!("a stage takes one input, found {}", inputs.len())),
            },
            Kind::Pretext(p) if function == "views" => {
                let v = Views::new();
                v.image();
                p.views(&v);
            }
            Kind::Pretext(p) if function == "objective" => match with(|t| t.request.batch) {
                n if n < 1 => fail(&format!("expected a batch of 1 image or more, found {n}")),
                _ => output("loss", p.objective(&Step::new())),
            },
            _ => fail(&format!("a pretext task has no function {function:?}")),
        }
    }
}

fn read(plugin: &'static str, params: &mut Params, mut r: Reader) -> Result<Request> {
    let mut q = Request { plugin, ..Request::default() };
    while r.next()? {
        match r.field {
            2 => q.function = r.string()?,
            3 => params.read(r.inner()?)?,
            4 => {
                let (mut name, mut shape, mut port) = (String::new(), None, r.inner()?);
                while port.next()? {
                    match port.field {
                        1 => name = port.string()?,
                        2 => shape = Some(port.shape()?),
                        _ => {}
                    }
                }
                q.inputs.push((name, shape.ok_or("wire: an input without a shape")?));
            }
            5 => {
                let (mut s, mut signature) = (Signature { callee: String::new(), operands: vec![], result: None }, r.inner()?);
                while signature.next()? {
                    match signature.field {
                        1 => s.callee = signature.string()?,
                        2 => s.operands.push(signature.shape()?),
                        3 => s.result = Some(signature.shape()?),
                        _ => {}
                    }
                }
                q.known.push(s);
            }
            6 => q.training = r.uint()? != 0,
            7 => q.view = r.uint()? as i64,
            8 => q.samples = r.uint()? as i64,
            9 => q.channels = r.uint()? as i64,
            10 => q.image_size = r.uint()? as i64,
            11 => q.batch = r.uint()? as i64,
            12 => q.norm_groups = r.uint()? as i64,
            _ => {}
        }
    }
    Ok(q)
}
