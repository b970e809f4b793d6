//! Parameters: an author's function declares them; it is run once to describe them, and
//! before each call to set them.

use super::wire::{Reader, Result, Writer, FIXED64, VARINT};

/// Limits a parameter.
pub struct Range(Limit);

enum Limit {
    Min(f64, bool),
    Max(f64, bool),
    Both(f64, f64),
    Choice(&'static str),
}

/// An inclusive lower bound.
pub fn at_least(x: f64) -> Range {
    Range(Limit::Min(x, false))
}
/// An exclusive lower bound.
pub fn above(x: f64) -> Range {
    Range(Limit::Min(x, true))
}
/// An inclusive upper bound.
pub fn at_most(x: f64) -> Range {
    Range(Limit::Max(x, false))
}
/// An exclusive upper bound.
pub fn below(x: f64) -> Range {
    Range(Limit::Max(x, true))
}
/// An inclusive range.
pub fn between(lo: f64, hi: f64) -> Range {
    Range(Limit::Both(lo, hi))
}
/// A string that the parameter may be, once for each.
pub fn choice(s: &'static str) -> Range {
    Range(Limit::Choice(s))
}

#[derive(Clone, PartialEq)]
enum Value {
    Float(f64),
    Int(i64),
    Bool(bool),
    Text(String),
    Floats(Vec<f64>),
    Ints(Vec<i64>),
    Nothing,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Float(_) => "float",
            Value::Int(_) => "int",
            Value::Bool(_) => "bool",
            Value::Text(_) => "string",
            Value::Floats(_) => "floats",
            Value::Ints(_) => "ints",
            Value::Nothing => "",
        }
    }

    fn put(&self, w: &mut Writer) {
        w.string(1, self.kind());
        match self {
            Value::Float(x) => w.double(2, *x),
            Value::Int(x) => w.sint(3, *x),
            Value::Bool(x) => w.sint(3, *x as i64),
            Value::Text(s) => w.string(4, s),
            Value::Floats(x) => w.doubles(5, x),
            Value::Ints(x) => w.uints(6, x.iter().map(|&i| super::wire::zigzag(i))),
            Value::Nothing => {}
        }
    }

    fn get(mut r: Reader) -> Result<Value> {
        let (mut kind, mut f, mut i, mut s, mut fs, mut is) = (String::new(), 0.0, 0, String::new(), vec![], vec![]);
        while r.next()? {
            match r.field {
                1 => kind = r.string()?,
                2 => f = r.double()?,
                3 => i = r.sint()?,
                4 => s = r.string()?,
                5 => r.each(FIXED64, |x| fs.push(f64::from_bits(x)))?,
                6 => r.each(VARINT, |x| is.push((x >> 1) as i64 ^ -((x & 1) as i64)))?,
                _ => {}
            }
        }
        Ok(match kind.as_str() {
            "float" => Value::Float(f),
            "int" => Value::Int(i),
            "bool" => Value::Bool(i != 0),
            "string" => Value::Text(s),
            "floats" => Value::Floats(fs),
            "ints" => Value::Ints(is),
            _ => Value::Nothing,
        })
    }

    /// As TOML writes it.
    fn shown(&self) -> String {
        match self {
            Value::Float(x) => format!("{x:?}"),
            Value::Int(x) => x.to_string(),
            Value::Bool(x) => x.to_string(),
            Value::Text(s) => format!("{s:?}"),
            Value::Floats(x) => format!("{x:?}"),
            Value::Ints(x) => format!("{x:?}"),
            Value::Nothing => "nothing".into(),
        }
    }
}

#[derive(Default)]
struct Spec {
    min: Option<(f64, bool)>,
    max: Option<(f64, bool)>,
    choices: Vec<&'static str>,
}

impl Spec {
    fn of(ranges: &[Range]) -> Spec {
        let mut s = Spec::default();
        for r in ranges {
            match r.0 {
                Limit::Min(x, open) => s.min = Some((x, open)),
                Limit::Max(x, open) => s.max = Some((x, open)),
                Limit::Both(lo, hi) => (s.min, s.max) = (Some((lo, false)), Some((hi, false))),
                Limit::Choice(c) => s.choices.push(c),
            }
        }
        s
    }

    fn holds(&self, x: f64) -> bool {
        let low = |(min, open): (f64, bool)| x < min || open && x == min;
        let high = |(max, open): (f64, bool)| x > max || open && x == max;
        x.is_finite() && !self.min.map_or(false, low) && !self.max.map_or(false, high)
    }

    fn admits(&self, v: &Value) -> bool {
        match v {
            Value::Float(x) => self.holds(*x),
            Value::Int(x) => self.holds(*x as f64),
            Value::Floats(x) => x.iter().all(|&x| self.holds(x)),
            Value::Ints(x) => x.iter().all(|&x| self.holds(x as f64)),
            Value::Text(s) => self.choices.is_empty() || self.choices.contains(&s.as_str()),
            _ => true,
        }
    }

    fn words(&self, kind: &str) -> String {
        if !self.choices.is_empty() {
            return format!("one of {}", self.choices.join(", "));
        }
        let word = match kind {
            "float" => "a number",
            "int" => "an integer",
            "bool" => "true or false",
            "string" => "a string",
            "floats" => "a list of numbers",
            _ => "a list of integers",
        };
        match (self.min, self.max) {
            (Some((a, ao)), Some((b, bo))) => format!("{word} in {}{a}, {b}{}", if ao { '(' } else { '[' }, if bo { ')' } else { ']' }),
            (Some((a, true)), None) => format!("{word} above {a}"),
            (Some((a, false)), None) => format!("{word} of at least {a}"),
            (None, Some((b, true))) => format!("{word} below {b}"),
            (None, Some((b, false))) => format!("{word} of at most {b}"),
            _ => word.into(),
        }
    }
}

/// What an author's `params` declares parameters to.
pub struct Params {
    plugin: &'static str,
    given: Vec<(String, Value)>,
    known: Vec<(&'static str, Value)>,
    pub(super) described: Writer,
    refusal: Option<String>,
}

impl Params {
    pub(super) fn new(plugin: &'static str) -> Params {
        Params { plugin, given: vec![], known: vec![], described: Writer::default(), refusal: None }
    }

    pub(super) fn read(&mut self, mut r: Reader) -> Result<()> {
        let (mut name, mut value) = (String::new(), Value::Nothing);
        while r.next()? {
            match r.field {
                1 => name = r.string()?,
                2 => value = Value::get(r.inner()?)?,
                _ => {}
            }
        }
        self.given.push((name, value));
        Ok(())
    }

    /// The first refusal, once all parameters are declared.
    pub(super) fn end(&mut self) -> Result<()> {
        let known = &self.known;
        if let Some((name, _)) = self.given.iter().find(|(n, _)| !known.iter().any(|(k, _)| k == n)) {
            return Err(format!("{}: unknown parameter {name:?}", self.plugin));
        }
        self.refusal.take().map_or(Ok(()), Err)
    }

    /// Refuses the value of a parameter; the host names the place in the experiment.
    pub fn refuse(&mut self, param: &str, why: &str) {
        let words = format!("{}: parameter {param}: {why}", self.plugin);
        self.refusal.get_or_insert(words);
    }

    fn declare(&mut self, name: &'static str, default: Value, doc: &str, ranges: &[Range]) -> Value {
        let s = Spec::of(ranges);
        self.described.message(5, |w| {
            w.string(1, name);
            w.string(2, default.kind());
            w.message(3, |w| default.put(w));
            w.uint(4, s.min.is_some() as u64);
            w.uint(5, s.max.is_some() as u64);
            w.double(6, s.min.map_or(0.0, |m| m.0));
            w.double(7, s.max.map_or(0.0, |m| m.0));
            w.uint(8, s.min.map_or(0, |m| m.1 as u64));
            w.uint(9, s.max.map_or(0, |m| m.1 as u64));
            s.choices.iter().for_each(|c| w.string(10, c));
            w.string(11, doc);
        });
        let given = self.given.iter().rfind(|(n, _)| n == name).map(|(_, v)| v.clone());
        let value = match (given, &default) {
            (None, d) => d.clone(),
            (Some(Value::Int(i)), Value::Float(_)) => Value::Float(i as f64),
            (Some(Value::Ints(i)), Value::Floats(_)) => Value::Floats(i.iter().map(|&x| x as f64).collect()),
            (Some(v), _) => v,
        };
        let ok = value.kind() == default.kind() && s.admits(&value);
        if !ok {
            self.refuse(name, &format!("expected {}, found {}", s.words(default.kind()), value.shown()));
        }
        let value = if ok { value } else { default };
        self.known.push((name, value.clone()));
        value
    }

    pub fn float(&mut self, to: &mut f64, name: &'static str, default: f64, doc: &str, ranges: &[Range]) {
        if let Value::Float(x) = self.declare(name, Value::Float(default), doc, ranges) {
            *to = x;
        }
    }

    pub fn int(&mut self, to: &mut i64, name: &'static str, default: i64, doc: &str, ranges: &[Range]) {
        if let Value::Int(x) = self.declare(name, Value::Int(default), doc, ranges) {
            *to = x;
        }
    }

    pub fn bool(&mut self, to: &mut bool, name: &'static str, default: bool, doc: &str) {
        if let Value::Bool(x) = self.declare(name, Value::Bool(default), doc, &[]) {
            *to = x;
        }
    }

    pub fn string(&mut self, to: &mut String, name: &'static str, default: &str, doc: &str, ranges: &[Range]) {
        if let Value::Text(x) = self.declare(name, Value::Text(default.into()), doc, ranges) {
            *to = x;
        }
    }

    pub fn floats(&mut self, to: &mut Vec<f64>, name: &'static str, default: &[f64], doc: &str, ranges: &[Range]) {
        if let Value::Floats(x) = self.declare(name, Value::Floats(default.into()), doc, ranges) {
            *to = x;
        }
    }

    pub fn ints(&mut self, to: &mut Vec<i64>, name: &'static str, default: &[i64], doc: &str, ranges: &[Range]) {
        if let Value::Ints(x) = self.declare(name, Value::Ints(default.into()), doc, ranges) {
            *to = x;
        }
    }

    /// Refuses a value of the float parameter low that is above that of high.
    pub fn ordered(&mut self, low: &str, high: &str) {
        let value = |n: &str| self.known.iter().find(|(k, _)| *k == n).map(|(_, v)| v.clone());
        if let (Some(Value::Float(a)), Some(Value::Float(b))) = (value(low), value(high)) {
            if a > b {
                self.refuse(low, &format!("expected at most {high}, which is {b:?}, found {a:?}"));
            }
        }
    }
}
