// Each request has a /tmp of its own; a stream to a file keeps the order of what is written.
// flags: nodejs_compat
// requests: GET /; GET /
import fs from "node:fs";
import zlib from "node:zlib";
import { Readable } from "node:stream";
fs.writeFileSync("/tmp/early.txt", "early");
const early = fs.readdirSync("/tmp");
export default {
  async fetch() {
    const told = { early, listed: fs.readdirSync("/tmp") };
    fs.mkdirSync("/tmp/d");
    fs.writeFileSync("/tmp/d/a", "x");
    await new Promise((done) => setTimeout(done, 2));
    told.later = fs.readFileSync("/tmp/d/a", "utf8");
    await new Promise((done, refuse) => {
      const out = fs.createWriteStream("/tmp/text.gz");
      out.on("close", done).on("error", refuse);
      Readable.from(Buffer.from("hello, hello")).pipe(zlib.createGzip()).pipe(out);
    });
    told.unpacked = zlib.gunzipSync(fs.readFileSync("/tmp/text.gz")).toString();
    for (const [name, work] of Object.entries({
      mode: () => fs.chmodSync("/tmp/d", "9"),
      owner: () => fs.chownSync("/tmp/d", "1", 2),
      made: () => fs.mkdirSync("/tmp/e", { recursive: 1 }),
      removed: () => fs.rmSync("/tmp/e", { force: "yes" }),
      absent: () => fs.chmodSync("/tmp/none", 0o600),
      range: () => fs.createReadStream("/tmp/d/a", { start: 2, end: 1 }),
    })) {
      try {
        work();
        told[name] = "nothing";
      } catch (error) {
        told[name] = [error.name, error.code, error.message];
      }
    }
    return Response.json(told);
  },
};
