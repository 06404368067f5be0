// TextEncoder, TextDecoder, atob and btoa. What they do is in Rust (src/encoding.rs).
import native from "internal:native";
import { shape } from "internal:shape";

export const TextEncoder = shape(native.textEncoderClass());
export const TextDecoder = shape(native.textDecoderClass());

// The class is looked up late: it is made by another room of the prelude.
const { atob, btoa } = native.base64((message) => new DOMException(message, "InvalidCharacterError"));

export const globals = { TextEncoder, TextDecoder, atob, btoa };
