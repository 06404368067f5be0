// TextEncoder, TextDecoder, atob and btoa. What they do is in Rust (src/encoding.rs).
import native from "internal:native";
import { DOMException } from "internal:errors";
import { platform } from "internal:platform";

export const TextEncoder = platform(native.textEncoderClass());
export const TextDecoder = platform(native.textDecoderClass((message) => new RangeError(message)));

const { atob, btoa } = native.base64((message) => new DOMException(message, "InvalidCharacterError"));

export const globals = { TextEncoder, TextDecoder, atob, btoa };
