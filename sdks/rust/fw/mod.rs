//! All that the author of a plugin in Rust imports. `README.md` shows how one is built;
//! there are no dependencies beside std.
//!
//! A mistake in a trace does not end the author's function: the first one is kept, with
//! the author's file and line, values are invalid from there on, and the host gets the
//! message. A panic ends the call, and its message and place are in the host's error.
#![allow(dead_code, unused_imports)]

mod crop;
mod key;
mod ops;
mod params;
mod plugin;
mod products;
mod serve;
mod shapes;
mod step;
mod trace;
mod types;
mod views;
mod wire;

pub use crop::{round, Crop, Rect, Region, Size};
pub use key::Key;
pub use params::{above, at_least, at_most, below, between, choice, Params};
pub use plugin::{augment, backbone, crop, loss, pretext, Augment, Backbone, Loss, Plugin, Pretext};
pub use serve::{fw_call_of, reserve};
pub use shapes::concat;
pub use step::Step;
pub use trace::{constant, emit, fail, fill, iota, iota_of, scalar};
pub use types::{Attr, DType, Shape, Value};
pub use views::{View, Views};

/// Declares the plugins of the module, each an expression that gives a [`Plugin`].
#[macro_export]
macro_rules! serve {
    ($($plugin:expr),+ $(,)?) => {
        #[no_mangle]
        pub extern "C" fn fw_abi_v1() {}

        #[no_mangle]
        pub extern "C" fn fw_alloc(n: i32) -> *mut u8 {
            $crate::fw::reserve(n)
        }

        #[no_mangle]
        pub extern "C" fn fw_call(method: i32, _at: *const u8, _n: i32) -> u64 {
            $crate::fw::fw_call_of(method, || vec![$($plugin),+])
        }
    };
}
