//! Shared by the Workers here: a stack of 64 kB. A Worker's stack is part of its memory, and
//! wasm's default is a megabyte.

fn main() {
    println!("cargo::rerun-if-changed=../build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg=-zstack-size=65536");
    }
}
