// S35 Node: Buffer, events, promisify, MIMEType, zlib, assert.
// class: as it is
// flags: nodejs_compat
// cpu-ms: 500
// > GET /
// < 200 || ["aGk=","once",3,"text/html","squeezed","AssertionError"]
import assert from "node:assert";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { MIMEType, promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
export default {
  async fetch() {
    const emitter = new EventEmitter();
    let heard;
    emitter.once("x", (value) => (heard = value));
    emitter.emit("x", "once");
    const later = promisify((a, b, done) => setTimeout(() => done(null, a + b), 1));
    let failed;
    try {
      assert.deepStrictEqual({ a: 1 }, { a: 2 });
    } catch (error) {
      failed = error.name;
    }
    return Response.json([Buffer.from("hi").toString("base64"), heard, await later(1, 2), new MIMEType("text/html; charset=utf-8").essence, gunzipSync(gzipSync("squeezed")).toString(), failed]);
  },
};
