// node:string_decoder: texts cut at every byte, and bytes that are no text.
// flags: nodejs_compat
import { StringDecoder } from "node:string_decoder";
export default { fetch() { const out = {};
  const encodings = ["utf8", "utf16le", "base64", "base64url", "latin1", "hex", "ascii"];
  const inputs = ["e282ac41", "f09f98804142", "c3a9", "f69bd1", "f4f4", "eda080", "c0af", "3dd84d", "3dd84ddc61", "00d83dd800", "e2e282ac", "f0908080", "ff", "61ff62", "e0a0", "80808080", "f8888080", "0102030405060708"];
  for (const encoding of encodings) for (const input of inputs) { const bytes = Buffer.from(input, "hex");
    for (const step of [1, 2, 3]) { const decoder = new StringDecoder(encoding), parts = []; for (let at = 0; at < bytes.length; at += step) parts.push(`${decoder.write(bytes.subarray(at, at + step))}|${decoder.lastNeed},${decoder.lastTotal},${decoder.lastChar.toString("hex")}`); parts.push(decoder.end(), decoder.end()); out[`${encoding} ${input} ${step}`] = parts.map((part) => Array.from(part, (char) => (char > "~" ? char.charCodeAt(0).toString(16) : char)).join("")).join(" "); }
  }
  return Response.json(out); } };
