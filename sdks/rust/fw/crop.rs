//! Crops: rectangles for many images at once.

use super::key::Key;
use super::params::Params;
use super::wire::{Reader, Result, Writer, FIXED32, FIXED64, VARINT};

/// An image's size in pixels.
#[derive(Clone, Copy)]
pub struct Size {
    pub h: i64,
    pub w: i64,
}

/// Where the object may be, relative to the image; while that is not known, all of it.
#[derive(Clone, Copy)]
pub struct Region {
    pub y0: f64,
    pub x0: f64,
    pub y1: f64,
    pub x1: f64,
    pub known: bool,
}

/// A rectangle in pixels.
#[derive(Clone, Copy)]
pub struct Rect {
    pub y: i64,
    pub x: i64,
    pub h: i64,
    pub w: i64,
    /// No draw fitted: the host counts it.
    pub fell_back: bool,
}

/// A crop strategy: a pure function. view counts the task's crops of an image from 0.
pub trait Crop {
    fn params(&mut self, _p: &mut Params) {}
    fn crop(&self, k: &mut Key, img: Size, region: Region, view: usize) -> Rect;
}

/// x to the nearest integer, ties to even, as a crop's sides are rounded; 0 <= x < 2^51.
pub fn round(x: f64) -> i64 {
    const ODD: f64 = (1u64 << 52) as f64; // above it a float64 has no fraction
    (x + ODD - ODD) as i64
}

impl Size {
    pub fn area(self) -> f64 {
        self.h as f64 * self.w as f64
    }

    /// The largest centred rectangle whose width over height is within bounds, marked as a fall-back.
    pub fn center_crop(self, min_ratio: f64, max_ratio: f64) -> Rect {
        let (mut w, mut h) = (self.w, self.h);
        let ratio = self.w as f64 / self.h as f64;
        if ratio < min_ratio {
            h = round(w as f64 / min_ratio).max(1);
        } else if ratio > max_ratio {
            w = round(h as f64 * max_ratio).max(1);
        }
        Rect { y: (self.h - h) / 2, x: (self.w - w) / 2, h, w, fell_back: true }
    }
}

pub fn answer(id: &'static str, strategy: &mut dyn Crop, mut r: Reader) -> Result<Vec<u8>> {
    let mut params = Params::new(id);
    let (mut height, mut width, mut keys, mut boxes, mut views) = (vec![], vec![], vec![], vec![], vec![]);
    while r.next()? {
        match r.field {
            2 => params.read(r.inner()?)?,
            3 => r.each(VARINT, |x| height.push(x as u32))?,
            4 => r.each(VARINT, |x| width.push(x as u32))?,
            5 => r.each(FIXED32, |x| keys.push(x as u32))?,
            6 => r.each(FIXED64, |x| boxes.push(f64::from_bits(x)))?,
            7 => r.each(VARINT, |x| views.push(x as usize))?,
            _ => {}
        }
    }
    strategy.params(&mut params);
    params.end()?;
    let n = height.len();
    if width.len() != n || keys.len() != 2 * n || !views.is_empty() && views.len() != n || !boxes.is_empty() && boxes.len() != 4 * n {
        return Err(format!("{id}: heights, widths, keys, views and boxes disagree in number"));
    }
    let (mut rects, mut fell_back) = (Writer(Vec::with_capacity(8 * n)), Writer(vec![]));
    let mut k = Key::new([0; 2]);
    for i in 0..n {
        let img = Size { h: height[i] as i64, w: width[i] as i64 };
        let region = match boxes.get(4 * i..4 * i + 4) {
            Some(b) => Region { y0: b[0], x0: b[1], y1: b[2], x1: b[3], known: true },
            None => Region { y0: 0.0, x0: 0.0, y1: 1.0, x1: 1.0, known: false },
        };
        k.restart([keys[2 * i], keys[2 * i + 1]]);
        let c = strategy.crop(&mut k, img, region, views.get(i).copied().unwrap_or(0));
        if c.h < 1 || c.w < 1 || c.y < 0 || c.x < 0 || c.y > img.h - c.h || c.x > img.w - c.w {
            return Err(format!("{id}: a rectangle is not inside its image"));
        }
        for x in [c.y, c.x, c.h, c.w] {
            rects.varint(x as u64);
        }
        if c.fell_back {
            fell_back.varint(i as u64);
        }
    }
    let mut reply = Writer(Vec::with_capacity(rects.0.len() + 8));
    reply.bytes(1, &rects.0);
    if !fell_back.0.is_empty() {
        reply.bytes(2, &fell_back.0);
    }
    Ok(reply.0)
}
