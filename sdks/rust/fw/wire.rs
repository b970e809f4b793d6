//! Messages: the subset of proto3 that docs/abi.md lays down.

use super::types::{DType, Shape};

pub const VARINT: u8 = 0;
pub const FIXED64: u8 = 1;
pub const BYTES: u8 = 2;
pub const FIXED32: u8 = 5;

/// Appends fields; zero values are left out.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

pub fn zigzag(x: i64) -> u64 {
    (x << 1) as u64 ^ (x >> 63) as u64
}

impl Writer {
    pub fn varint(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    fn tag(&mut self, field: u32, wire_type: u8) {
        self.varint((field as u64) << 3 | wire_type as u64);
    }

    pub fn uint(&mut self, field: u32, x: u64) {
        if x != 0 {
            self.tag(field, VARINT);
            self.varint(x);
        }
    }

    pub fn sint(&mut self, field: u32, x: i64) {
        self.uint(field, zigzag(x));
    }

    pub fn double(&mut self, field: u32, x: f64) {
        if x.to_bits() != 0 {
            self.tag(field, FIXED64);
            self.0.extend_from_slice(&x.to_le_bytes());
        }
    }

    pub fn bytes(&mut self, field: u32, b: &[u8]) {
        if !b.is_empty() {
            self.tag(field, BYTES);
            self.varint(b.len() as u64);
            self.0.extend_from_slice(b);
        }
    }

    pub fn string(&mut self, field: u32, s: &str) {
        self.bytes(field, s.as_bytes());
    }

    /// A nested message, also when it is empty.
    pub fn message(&mut self, field: u32, body: impl FnOnce(&mut Writer)) {
        let mut inner = Writer::default();
        body(&mut inner);
        self.tag(field, BYTES);
        self.varint(inner.0.len() as u64);
        self.0.append(&mut inner.0);
    }

    pub fn uints(&mut self, field: u32, list: impl IntoIterator<Item = u64>) {
        let mut inner = Writer::default();
        list.into_iter().for_each(|x| inner.varint(x));
        self.bytes(field, &inner.0);
    }

    pub fn doubles(&mut self, field: u32, list: &[f64]) {
        let b: Vec<u8> = list.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.bytes(field, &b);
    }

    pub fn shape(&mut self, field: u32, s: &Shape) {
        self.message(field, |w| {
            w.string(1, s.dtype.name());
            w.uints(2, s.dims.iter().map(|&d| d as u64));
        });
    }
}

/// What is wrong with a message.
pub type Result<T> = std::result::Result<T, String>;

/// Walks the fields of one message.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    b: &'a [u8],
    pub field: u32,
    wire_type: u8,
    value: u64,
    data: &'a [u8],
}

fn varint(b: &mut &[u8]) -> Result<u64> {
    let mut x = 0u64;
    for shift in (0..64).step_by(7) {
        let (&c, rest) = b.split_first().ok_or("wire: message ends in the middle of a field")?;
        *b = rest;
        if shift == 63 && c > 1 {
            break;
        }
        x |= ((c & 0x7f) as u64) << shift;
        if c < 0x80 {
            return Ok(x);
        }
    }
    Err("wire: varint is longer than 64 bits".into())
}

fn take<'a>(b: &mut &'a [u8], n: u64) -> Result<&'a [u8]> {
    if n > b.len() as u64 {
        return Err("wire: message ends in the middle of a field".into());
    }
    let (head, rest) = b.split_at(n as usize);
    *b = rest;
    Ok(head)
}

fn fixed(b: &mut &[u8], n: u64) -> Result<u64> {
    Ok(take(b, n)?.iter().rev().fold(0, |x, &c| x << 8 | c as u64))
}

impl<'a> Reader<'a> {
    pub fn new(b: &'a [u8]) -> Reader<'a> {
        Reader { b, field: 0, wire_type: 0, value: 0, data: &[] }
    }

    /// Moves to the next field; false at the end.
    pub fn next(&mut self) -> Result<bool> {
        if self.b.is_empty() {
            return Ok(false);
        }
        let tag = varint(&mut self.b)?;
        if tag >> 3 == 0 || tag >> 3 >= 1 << 29 {
            return Err("wire: field number is out of range".into());
        }
        self.field = (tag >> 3) as u32;
        self.wire_type = (tag & 7) as u8;
        match self.wire_type {
            VARINT => self.value = varint(&mut self.b)?,
            FIXED64 => self.value = fixed(&mut self.b, 8)?,
            FIXED32 => self.value = fixed(&mut self.b, 4)?,
            BYTES => {
                let n = varint(&mut self.b)?;
                self.data = take(&mut self.b, n)?;
            }
            t => return Err(format!("wire: unknown wire type {t}")),
        }
        Ok(true)
    }

    fn want(&self, wire_type: u8) -> Result<()> {
        if self.wire_type != wire_type {
            return Err(format!("wire: field {}: expected wire type {wire_type}, found {}", self.field, self.wire_type));
        }
        Ok(())
    }

    pub fn uint(&self) -> Result<u64> {
        self.want(VARINT)?;
        Ok(self.value)
    }

    pub fn sint(&self) -> Result<i64> {
        let x = self.uint()?;
        Ok((x >> 1) as i64 ^ -((x & 1) as i64))
    }

    pub fn double(&self) -> Result<f64> {
        self.want(FIXED64)?;
        Ok(f64::from_bits(self.value))
    }

    pub fn string(&self) -> Result<String> {
        self.want(BYTES)?;
        String::from_utf8(self.data.to_vec()).map_err(|_| "wire: text is not valid UTF-8".into())
    }

    pub fn inner(&self) -> Result<Reader<'a>> {
        self.want(BYTES)?;
        Ok(Reader::new(self.data))
    }

    /// Calls f with every scalar of a repeated field, packed or not.
    pub fn each(&self, wire_type: u8, mut f: impl FnMut(u64)) -> Result<()> {
        if self.wire_type == wire_type {
            f(self.value);
            return Ok(());
        }
        self.want(BYTES)?;
        let mut b = self.data;
        while !b.is_empty() {
            f(match wire_type {
                VARINT => varint(&mut b)?,
                FIXED64 => fixed(&mut b, 8)?,
                _ => fixed(&mut b, 4)?,
            });
        }
        Ok(())
    }

    pub fn shape(&self) -> Result<Shape> {
        let mut r = self.inner()?;
        let (mut dtype, mut dims) = (None, vec![]);
        while r.next()? {
            match r.field {
                1 => dtype = DType::parse(&r.string()?),
                2 => r.each(VARINT, |x| dims.push(x as i64))?,
                _ => {}
            }
        }
        if dims.len() > 8 || dims.iter().any(|&d| !(0..=1 << 34).contains(&d)) {
            return Err("wire: shape is out of range".into());
        }
        Ok(Shape { dtype: dtype.ok_or("wire: unknown element type")?, dims })
    }
}
