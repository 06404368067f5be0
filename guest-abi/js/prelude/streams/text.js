// Text and bytes for the streams that turn one into the other.
import native from "internal:native";
import { TextDecoder } from "internal:encoding";

export const encodeText = (text) => native.utf8(text);

const { decode } = TextDecoder.prototype;

// What decodes a chunk, or at the end what is left, from an encoding by its label.
export function decoderFor(label, fatal, ignoreBOM) {
  const decoder = new TextDecoder(label, { fatal, ignoreBOM });
  return [decoder, (bytes) => Reflect.apply(decode, decoder, bytes === undefined ? [] : [bytes, { stream: true }])];
}
