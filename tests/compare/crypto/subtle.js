// Every method of crypto.subtle with arguments of every kind.
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
    const K = {};
    K.gcm = await s.importKey("raw", b, "AES-GCM", false, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]);
    K.cbc = await s.importKey("raw", b, "AES-CBC", true, ["encrypt", "decrypt"]);
    K.ctr = await s.importKey("raw", b, "AES-CTR", true, ["encrypt", "decrypt"]);
    K.kw = await s.importKey("raw", b, "AES-KW", true, ["wrapKey", "unwrapKey"]);
    K.hmac = await s.importKey("raw", b, { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
    K.hkdf = await s.importKey("raw", b, "HKDF", false, ["deriveBits", "deriveKey"]);
    K.pb = await s.importKey("raw", b, "PBKDF2", false, ["deriveBits", "deriveKey"]);
    const ec = await s.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    K.ecpub = ec.publicKey;
    K.ecpriv = ec.privateKey;
    const dh = await s.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    K.dhpub = dh.publicKey;
    K.dhpriv = dh.privateKey;
    const ed = await s.generateKey("Ed25519", false, ["sign", "verify"]);
    K.edpub = ed.publicKey;
    K.edpriv = ed.privateKey;
    const x = await s.generateKey("X25519", true, ["deriveBits", "deriveKey"]);
    K.xpub = x.publicKey;
    K.xpriv = x.privateKey;
    for (const [n, k] of Object.entries(K)) {
      out["key " + n] = [k.type, k.extractable, JSON.stringify(k.algorithm), k.usages.join(), String(k), JSON.stringify(k)];
      for (const fmt of ["raw", "pkcs8", "spki", "jwk", "x"])
        await t(`exp ${fmt} ${n}`, async () => {
          const r = await s.exportKey(fmt, k);
          return r instanceof ArrayBuffer ? r : Object.keys(r).join();
        });
      for (const alg of [
        "AES-GCM",
        "AES-CBC",
        "AES-CTR",
        "HMAC",
        "ECDSA",
        "Ed25519",
        "HKDF",
        "PBKDF2",
        "RSA-OAEP",
        "ECDH",
        "X25519",
        "nope",
      ]) {
        await t(`enc ${alg} ${n}`, () => s.encrypt({ name: alg, iv: b, counter: b, length: 64 }, k, b));
        await t(`sign ${alg} ${n}`, async () => (await s.sign({ name: alg, hash: "SHA-256" }, k, b)).byteLength > 0);
        await t(`ver ${alg} ${n}`, () => s.verify({ name: alg, hash: "SHA-256" }, k, b, b));
        await t(`db ${alg} ${n}`, () =>
          s.deriveBits({ name: alg, hash: "SHA-256", salt: b, info: b, iterations: 10, public: K.xpub }, k, 128),
        );
        await t(`dk ${alg} ${n}`, () =>
          s.deriveKey(
            { name: alg, hash: "SHA-256", salt: b, info: b, iterations: 10, public: K.dhpub },
            k,
            { name: "AES-GCM", length: 128 },
            true,
            ["encrypt"],
          ),
        );
      }
      await t(`wrap ${n}`, () => s.wrapKey("raw", k, K.kw, "AES-KW"));
      await t(`wrap2 ${n}`, () => s.wrapKey("jwk", k, K.gcm, { name: "AES-GCM", iv: b }).then((r) => r.byteLength > 0));
      await t(`unwrap ${n}`, () => s.unwrapKey("raw", b, k, "AES-KW", "AES-GCM", true, ["encrypt"]));
    }
    for (const iv of [
      undefined,
      null,
      5,
      "x",
      new Uint8Array(0),
      new Uint8Array(11),
      new Uint8Array(12),
      new Uint8Array(17),
      new ArrayBuffer(16),
      new DataView(new ArrayBuffer(16)),
    ])
      for (const a of ["gcm", "cbc"])
        await t(`iv ${a} ${iv?.byteLength ?? iv}`, () => s.encrypt({ name: a === "gcm" ? "AES-GCM" : "AES-CBC", iv }, K[a], b));
    for (const tagLength of [undefined, null, 0, 32, 64, 96, 100, 128, 129, -1, "x", "96", 1.5, NaN])
      await t(`tag ${tagLength}`, () => s.encrypt({ name: "AES-GCM", iv: b, tagLength }, K.gcm, b));
    for (const length of [undefined, null, 0, 1, 64, 128, 129, "x", -1])
      await t(`ctr ${length}`, () => s.encrypt({ name: "AES-CTR", counter: b, length }, K.ctr, b));
    for (const c of [undefined, 5, new Uint8Array(15), new Uint8Array(17)])
      await t(`counter ${c?.length ?? c}`, () => s.encrypt({ name: "AES-CTR", counter: c, length: 64 }, K.ctr, b));
    for (const ad of [undefined, null, 5, "x", new Uint8Array(0), new Uint8Array(3)])
      await t(`aad ${ad?.length ?? ad}`, () => s.encrypt({ name: "AES-GCM", iv: b, additionalData: ad }, K.gcm, b));
    for (const n of [0, 1, 15, 16, 17, 32]) {
      await t(`dec gcm ${n}`, () => s.decrypt({ name: "AES-GCM", iv: b }, K.gcm, new Uint8Array(n)));
      await t(`dec cbc ${n}`, () => s.decrypt({ name: "AES-CBC", iv: b }, K.cbc, new Uint8Array(n)));
    }
    for (const l of [undefined, null, 0, 1, 7, 8, 128, 255, 256, 257, 264, -8, "x", "128", 1e9, 255 * 256, 255 * 256 + 8]) {
      for (const a of ["HKDF", "PBKDF2"])
        await t(`len ${a} ${l}`, () =>
          s.deriveBits({ name: a, hash: "SHA-256", salt: b, info: b, iterations: 1 }, K[a === "HKDF" ? "hkdf" : "pb"], l),
        );
      await t(`len x ${l}`, () => s.deriveBits({ name: "X25519", public: K.xpub }, K.xpriv, l));
      await t(`len dh ${l}`, () => s.deriveBits({ name: "ECDH", public: K.dhpub }, K.dhpriv, l));
    }
    for (const it of [undefined, null, 0, -1, 1, 100000, "x", 1.5, NaN, 2 ** 32])
      await t(`iter ${it}`, () => s.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: b, iterations: it }, K.pb, 128));
    for (const salt of [undefined, null, 5, "x", new Uint8Array(0)]) {
      await t(`salt pb ${salt}`, () => s.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 }, K.pb, 128));
      await t(`salt hk ${salt}`, () => s.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info: b }, K.hkdf, 128));
      await t(`info hk ${salt}`, () => s.deriveBits({ name: "HKDF", hash: "SHA-256", salt: b, info: salt }, K.hkdf, 128));
    }
    for (const p of [undefined, null, 5, {}, K.hmac, K.xpriv, K.dhpub, K.edpub])
      await t(`public ${p?.algorithm?.name ?? p} ${p?.type}`, () => s.deriveBits({ name: "X25519", public: p }, K.xpriv, 128));
    for (const h of [
      undefined,
      null,
      5,
      "",
      "sha-256",
      "SHA256",
      "SHA-224",
      "SHA-999",
      {},
      { name: "SHA-1" },
      { name: 5 },
                  [],
    ]) {
      await t(`digest ${JSON.stringify(h)}`, () => s.digest(h, b));
      await t(`hash ${JSON.stringify(h)}`, () => s.sign({ name: "ECDSA", hash: h }, K.ecpriv, b));
      await t(`hm ${JSON.stringify(h)}`, () => s.importKey("raw", b, { name: "HMAC", hash: h }, true, ["sign"]));
    }
    for (const d of [undefined, null, 5, "x", {}, [], new ArrayBuffer(0), new Blob(["x"]), new ReadableStream()])
      await t(`data ${Object.prototype.toString.call(d)}`, () => s.digest("SHA-256", d));
    for (const a of [undefined, null, 5, "x", {}, { name: undefined }, { name: null }, [], "aes-gcm", { name: "aes-gcm" }]) {
      await t(`alg ${JSON.stringify(a)}`, () => s.encrypt(a, K.gcm, b));
      await t(`algi ${JSON.stringify(a)}`, () => s.importKey("raw", b, a, true, ["encrypt"]));
      await t(`algg ${JSON.stringify(a)}`, () => s.generateKey(a, true, ["encrypt"]));
    }
    for (const u of [
      undefined,
      null,
      5,
      "encrypt",
      {},
      [],
      ["x"],
      ["encrypt", "encrypt"],
      [5],
      ["ENCRYPT"],
      ["encrypt", "sign"],
      new Set(["encrypt"]),
      ["decrypt", "encrypt"],
    ])
      await t(`usages ${JSON.stringify(u)}`, async () => (await s.importKey("raw", b, "AES-GCM", true, u)).usages.join());
    for (const e of [undefined, null, 5, 0, "x", {}])
      await t(`ext ${e}`, async () => (await s.importKey("raw", b, "AES-GCM", e, ["encrypt"])).extractable);
    for (const n of [0, 1, 15, 16, 17, 24, 32, 33])
      for (const a of ["AES-GCM", "AES-KW", "HMAC"])
        await t(`klen ${a} ${n}`, () =>
          s.importKey(
            "raw",
            new Uint8Array(n),
            { name: a, hash: "SHA-256" },
            true,
            a === "HMAC" ? ["sign"] : a === "AES-KW" ? ["wrapKey"] : ["encrypt"],
          ),
        );
    for (const l of [undefined, null, 0, 1, 7, 8, 9, 128, 129, 1000, "x"]) {
      await t(
        `hmaclen ${l}`,
        async () => (await s.importKey("raw", b, { name: "HMAC", hash: "SHA-256", length: l }, true, ["sign"])).algorithm.length,
      );
      await t(
        `hmacgen ${l}`,
        async () => (await s.generateKey({ name: "HMAC", hash: "SHA-512", length: l }, true, ["sign"])).algorithm.length,
      );
      await t(`aesgen ${l}`, async () => (await s.generateKey({ name: "AES-GCM", length: l }, true, ["encrypt"])).algorithm.length);
    }
    for (const v of [
      undefined,
      null,
      5,
      "x",
      new Uint8Array(0),
      new Uint8Array(65536),
      new Uint8Array(65537),
      new Float32Array(2),
      new DataView(b.buffer),
      new ArrayBuffer(2),
      new BigInt64Array(1),
    ])
      await t(`grv ${Object.prototype.toString.call(v)} ${v?.length}`, () => Object.prototype.toString.call(crypto.getRandomValues(v)));
    await t("tse1", () => s.timingSafeEqual(b, new Uint8Array(3)));
    await t("tse2", () => s.timingSafeEqual(b, b));
    await t("tse3", () => s.timingSafeEqual(b));
    await t("tse4", () => s.timingSafeEqual("a", "b"));
    await t("tse5", () => s.timingSafeEqual(b.buffer, new DataView(b.buffer)));
    for (const m of [
      "encrypt",
      "decrypt",
      "sign",
      "verify",
      "digest",
      "generateKey",
      "deriveKey",
      "deriveBits",
      "importKey",
      "exportKey",
      "wrapKey",
      "unwrapKey",
      "timingSafeEqual",
    ]) {
      await t(`noargs ${m}`, () => s[m]());
      await t(`recv ${m}`, () => s[m].call({}, 1, 2, 3, 4, 5, 6, 7));
      out[`len ${m}`] = [s[m].length, s[m].name];
    }
    await t("uuid", () => crypto.randomUUID.call({}));
    await t("illegal", () => new CryptoKey());
    await t("illegal2", () => new SubtleCrypto());
    await t("illegal3", () => new Crypto());
    return Response.json(out);
  },
};
