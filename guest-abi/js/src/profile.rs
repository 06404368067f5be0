//! What a profiler asks: which function of JavaScript a value is. Only in builds for it.

use crate::raw::Cx;
use crate::vm::vm;
use rquickjs::qjs;
use std::cell::RefCell;

thread_local! {
    static NAME: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A function's name and where it begins, up to a zero. It stays where it is until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn postern_profile_name(function: u64) -> *const u8 {
    let mut told = String::new();
    if let Some(vm) = vm() {
        // Whoever runs JavaScript has the lock on the runtime.
        let cx = Cx(vm.raw());
        for (before, name) in [("", c"name"), (" ", c"fileName"), (":", c"lineNumber")] {
            let value = cx.get(function as qjs::JSValue, name);
            if !crate::raw::is_undefined(value) {
                cx.text(value, |text| {
                    told.push_str(before);
                    told.push_str(text);
                });
                cx.free(value);
            }
        }
    }
    NAME.with_borrow_mut(|name| {
        *name = told.into_bytes();
        name.push(0);
        name.as_ptr()
    })
}
