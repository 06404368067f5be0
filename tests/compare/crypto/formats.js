// Keys of every algorithm in every format, made and imported.
const told = async (f) => {
  try {
    const r = await f();
    return r instanceof ArrayBuffer
      ? "AB" + r.byteLength
      : typeof r === "object" && r !== null
        ? Object.prototype.toString.call(r) + JSON.stringify(r)
        : `${typeof r} ${String(r)}`;
  } catch (e) {
    return `${e?.constructor?.name} ${e?.name}: ${e?.message}`;
  }
};
export default {
  async fetch() {
    const out = {};
    const s = crypto.subtle;
    const t = async (n, f) => {
      out[n] = await told(f);
    };
    const b = new Uint8Array(16);
    const b32 = new Uint8Array(32);
    const algs = [
      "AES-GCM",
      "AES-CBC",
      "AES-CTR",
      "AES-KW",
      "HMAC",
      "RSASSA-PKCS1-v1_5",
      "RSA-PSS",
      "RSA-OAEP",
      "ECDSA",
      "ECDH",
      "Ed25519",
      "X25519",
      "HKDF",
      "PBKDF2",
      "NODE-ED25519",
      "nope",
    ];
    for (const name of algs) {
      await t("gen " + name, () => s.generateKey({ name }, true, ["sign"]));
      await t("gen2 " + name, () =>
        s.generateKey(
          { name, length: 128, hash: "SHA-256", namedCurve: "P-256", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
          true,
          [],
        ),
      );
      await t("gen3 " + name, () =>
        s.generateKey(
          { name, length: 127, hash: "SHA-9", namedCurve: "P-999", modulusLength: 100, publicExponent: new Uint8Array([2]) },
          true,
          ["encrypt", "sign", "deriveBits", "wrapKey"],
        ),
      );
      for (const fmt of ["raw", "pkcs8", "spki", "jwk", "zzz"]) {
        await t(`imp ${fmt} ${name}`, () => s.importKey(fmt, b, { name, hash: "SHA-256", namedCurve: "P-256" }, true, ["sign"]));
        await t(`imp0 ${fmt} ${name}`, () => s.importKey(fmt, new Uint8Array(0), { name, hash: "SHA-256", namedCurve: "P-256" }, true, []));
        await t(`impj ${fmt} ${name}`, () =>
          s.importKey(fmt, { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA" }, { name, hash: "SHA-256", namedCurve: "P-256" }, true, ["encrypt"]),
        );
        await t(`impj2 ${fmt} ${name}`, () =>
          s.importKey(fmt, { kty: "EC", crv: "P-256", x: "AA", y: "AA" }, { name, hash: "SHA-256", namedCurve: "P-256" }, true, ["verify"]),
        );
        await t(`impj3 ${fmt} ${name}`, () =>
          s.importKey(fmt, { kty: "OKP", crv: "Ed25519", x: "AA" }, { name, hash: "SHA-256", namedCurve: "Ed25519" }, true, ["verify"]),
        );
        await t(`impj4 ${fmt} ${name}`, () =>
          s.importKey(fmt, { kty: "RSA", n: "AA", e: "AQAB" }, { name, hash: "SHA-256" }, true, ["verify"]),
        );
        await t(`impj5 ${fmt} ${name}`, () => s.importKey(fmt, {}, { name, hash: "SHA-256" }, true, ["verify"]));
      }
    }
    return Response.json(out);
  },
};
