//! What the exports of the module do: docs/abi.md.

use super::plugin::Plugin;
use super::trace::place;
use super::wire::{Reader, Result, Writer};
use std::cell::RefCell;

#[link(wasm_import_module = "fw")]
extern "C" {
    fn log(level: i32, text: *const u8, n: i32);
}

#[derive(Default)]
struct Module {
    plugins: Vec<Plugin>,
    request: Vec<u8>,
    reply: Vec<u8>,
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::new(Module::default());
}

/// Has the host see a panic's message and place.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| info.payload().downcast_ref::<String>().map(|s| s.as_str())).unwrap_or("panic");
        let line = format!("{}: {text}", info.location().map_or_else(String::new, place));
        unsafe { log(2, line.as_ptr(), line.len() as i32) }
    }));
}

/// Memory for a request of n bytes, valid until the next call.
pub fn reserve(n: i32) -> *mut u8 {
    MODULE.with(|m| {
        let request = &mut m.borrow_mut().request;
        request.clear();
        request.resize(n.max(0) as usize, 0);
        request.reserve(1); // an empty request has an address too
        request.as_mut_ptr()
    })
}

/// Answers the request in the reserved memory.
pub fn fw_call_of(method: i32, declare: impl FnOnce() -> Vec<Plugin>) -> u64 {
    MODULE.with(|m| {
        let m = &mut *m.borrow_mut();
        if m.plugins.is_empty() {
            log_panics();
            m.plugins = declare();
        }
        m.reply.clear();
        match answer(&mut m.plugins, method, &m.request) {
            Ok(b) => {
                m.reply.push(0);
                m.reply.extend_from_slice(&b);
            }
            Err(text) => {
                m.reply.push(1);
                m.reply.extend_from_slice(text.as_bytes());
            }
        }
        (m.reply.as_ptr() as u64) << 32 | m.reply.len() as u64
    })
}

fn answer(plugins: &mut [Plugin], method: i32, request: &[u8]) -> Result<Vec<u8>> {
    let mut r = Reader::new(request);
    match method {
        1 => {
            let mut w = Writer::default();
            w.uint(1, 1); // the ABI
            w.uint(2, 1); // of programs
            plugins.iter_mut().for_each(|p| w.message(3, |w| p.describe(w)));
            Ok(w.0)
        }
        2 | 3 => {
            let id = if r.next()? && r.field == 1 { r.string()? } else { String::new() };
            match plugins.iter_mut().find(|p| p.id == id) {
                None => Err(format!("no plugin {id:?} here")),
                Some(p) if method == 2 => p.traces(r),
                Some(p) => p.crops(r),
            }
        }
        4 => Err("this module evaluates nothing".into()),
        _ => Err(format!("unknown method {method}")),
    }
}
