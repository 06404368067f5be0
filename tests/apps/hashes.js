// @noble/hashes, @noble/ciphers, bcryptjs, tweetnacl, fflate, pako: ciphers and compression in JavaScript itself.
// requests: GET /
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { blake3 } from "@noble/hashes/blake3.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import bcrypt from "bcryptjs";
import nacl from "tweetnacl";
import { gunzipSync, gzipSync, strFromU8, strToU8, unzipSync, zipSync, zlibSync, unzlibSync } from "fflate";
import * as pako from "pako";
export default {
  async fetch() {
    const text = utf8ToBytes("a text of some length, said twice, said twice");
    const box = nacl.secretbox(text, new Uint8Array(24), new Uint8Array(32).fill(7));
    const pair = nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(1));
    const theirs = bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
    const zipped = zipSync({ "a.txt": strToU8("hello"), d: { "b.txt": text } }, { mtime: new Date(2020, 1, 1) });
    return Response.json({
      noble: [bytesToHex(sha256(text)) === theirs, bytesToHex(sha512(text)), bytesToHex(blake3(text)), bytesToHex(keccak_256(text)), bytesToHex(hmac(sha256, text, text)), bytesToHex(pbkdf2(sha256, text, text, { c: 5, dkLen: 16 }))],
      bcrypt: [await bcrypt.compare("secret", bcrypt.hashSync("secret", 4)), bcrypt.compareSync("other", "$2b$04$hlzbDmPbIAS.4BQsXo2seuIjGgV.jwGM0T3jPi0D6JgwFz9u8rI5e"), bcrypt.genSaltSync(5).slice(0, 7)],
      nacl: [bytesToHex(box), new TextDecoder().decode(nacl.secretbox.open(box, new Uint8Array(24), new Uint8Array(32).fill(7))), bytesToHex(nacl.sign.detached(text, pair.secretKey)), nacl.randomBytes(3).length],
      fflate: [strFromU8(gunzipSync(gzipSync(text))), Object.keys(unzipSync(zipped)), zipped.length, strFromU8(unzlibSync(zlibSync(text)))],
      pako: [bytesToHex(pako.deflate(text)), pako.ungzip(pako.gzip(text), { to: "string" })],
      between: await new Response(new Blob([pako.gzip(text)]).stream().pipeThrough(new DecompressionStream("gzip"))).text(),
    });
  },
};
