// What the classes of node:zlib say of their options.
// flags: nodejs_compat
// date: 2026-04-01
import zlib from "node:zlib";
export default { async fetch() { const out = {};
  for (const name of ["Deflate", "Inflate", "Gzip", "Gunzip", "DeflateRaw", "InflateRaw", "Unzip", "BrotliCompress", "BrotliDecompress", "ZstdCompress", "ZstdDecompress"]) for (const field of ["chunkSize", "flush", "finishFlush", "maxOutputLength", "windowBits", "level", "memLevel", "strategy", "dictionary"]) for (const value of ["x", null, undefined, NaN, Infinity, -Infinity, -1, 0, 1, 5, 6, 8, 9, 10, 15, 16, 63, 64, 10000, 2 ** 33, true, {}]) {
    if (field === "chunkSize" && value === 2 ** 33) continue;
    let said; try { const made = new zlib[name]({ [field]: value }); said = "made"; made.close?.(); } catch (e) { said = `${e?.constructor?.name} ${e.name} ${e.code} ${e.message}`; }
    if (said !== "made") out[`${name} ${field} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`] = said;
  }
  return Response.json(out); } };
