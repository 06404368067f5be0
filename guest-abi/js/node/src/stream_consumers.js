// node:stream/consumers.
import { Buffer } from "node:buffer";

async function parts(stream) {
  const all = [];
  for await (const chunk of stream) all.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return all;
}
export async function buffer(stream) {
  return Buffer.concat((await parts(stream)).map((part) => (part instanceof Uint8Array ? part : new Uint8Array(part))));
}
export async function arrayBuffer(stream) {
  const all = await buffer(stream);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
}
export async function blob(stream) {
  return new Blob(await parts(stream));
}
export async function text(stream) {
  const decoder = new TextDecoder();
  let all = "";
  for await (const chunk of stream) all += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  return all + decoder.decode();
}
export async function json(stream) {
  return JSON.parse(await text(stream));
}
export default { arrayBuffer, blob, buffer, text, json };
