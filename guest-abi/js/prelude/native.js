// What is done in Rust. The global is there only while the prelude is evaluated.
export default globalThis.__native;
