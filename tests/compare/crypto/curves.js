// ECDSA, ECDH, Ed25519, NODE-ED25519 and X25519: keys in every form, signatures, agreement, what is refused.
// differs: keys of another kind are not taken for Ed25519 or X25519; ECDSA with MD5 is NotSupportedError, which is
// an internal error of workerd.
// Made with OpenSSL for this file alone.
const K = {
  "secp521r1.p8":
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBqxOarEsiJlA+q5ZLY5YyNAgPOoglfcPrSFwF654YW7xMnfc5E404HqlR31qxNGWruvRC8jz4WnK3gNEIoeCX8MKhgYkDgYYABADkjxZI6k8v5QKQ4Y8qlbXq4QYAVXxNABmxuORVInnA7xDSP6kq8JdpfaNlQrHhKj9U2V377xrF0OjmswQ+tUGqrQA0OvxyoStNI09RBmTPAdPOOzOl2VAOwtpLGbKzZKIWnn1CxFLkMFhBwTAfaWZYfmslLnph4n3Qw5TgWrp/Gde0gQ==",
  "prime256v1.p8":
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiH68Pkw0PYVdyemmBrh48pHTLnQdyD0PGg+JqzenMqChRANCAARXKr6Vc2sFTgYeK6xyWtWq7uowX4JiN/y2PSMjvU/yjqmG5Xs/KxydeAMJPCnPUtJveLj4Q9s9SuLIo+j4Yiu6",
  "r2048.spki":
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA8whAeZc/Zl0izFwYGaJknV8+SYX8OAtQUMwYN0Nn+BJqFh7GFOsjILOzmJZEmkX+SKAhwv38CekcNYdv1LdQX0PeLI26YNfk+gmDLOJutMDIdSrhEVyN2oqqPAsN/jZV2sa8rUnNkbCKb/jFPdHj6kx4PdVh5e1VdqZRds+n1K4O7ehzPeGUuK5urPLr36qPuqENCZu/AEiDjpiSmGEFET6b4WDxSBeZAxi0Uwr4uwTFT6AkYO/9+q+AAwoayRdRy2v7lvCkRod6CU82y+xXOCtad7vjFLNhrAC1+U6M71DE+hxvttFzirQ7IJzaCBrrEFYWRxiTa19mkW5kr+XXZQIDAQAB",
  "secp521r1.sec1":
    "MIHcAgEBBEIBqxOarEsiJlA+q5ZLY5YyNAgPOoglfcPrSFwF654YW7xMnfc5E404HqlR31qxNGWruvRC8jz4WnK3gNEIoeCX8MKgBwYFK4EEACOhgYkDgYYABADkjxZI6k8v5QKQ4Y8qlbXq4QYAVXxNABmxuORVInnA7xDSP6kq8JdpfaNlQrHhKj9U2V377xrF0OjmswQ+tUGqrQA0OvxyoStNI09RBmTPAdPOOzOl2VAOwtpLGbKzZKIWnn1CxFLkMFhBwTAfaWZYfmslLnph4n3Qw5TgWrp/Gde0gQ==",
  "prime256v1.spki":
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVyq+lXNrBU4GHiusclrVqu7qMF+CYjf8tj0jI71P8o6phuV7PyscnXgDCTwpz1LSb3i4+EPbPUriyKPo+GIrug==",
  "secp384r1.sec1":
    "MIGkAgEBBDBPdI9oOIHGoB6T+N6Y7ptSIq2DyPr80xx9ni4hsoKVLRrM89YSWb2A+jk2r5UOvc6gBwYFK4EEACKhZANiAASfPMuw0rTex3IX7JZfR7nKocsNa1MQw3VXsL1kIOl7iMZsRkOGAXlM17a0mF327A4+be5xfhdc3DdBhFcHYeFTkoORB9lPKKoXUZfNEhx7Wo9h69MByhmco5CXlsq179g=",
  "x.spki":
    "MCowBQYDK2VuAyEAvg+8+wYSMPhaBNv22KD0E2iRAzaZi0oFaxaQSWnGyzg=",
  "secp521r1.spki":
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA5I8WSOpPL+UCkOGPKpW16uEGAFV8TQAZsbjkVSJ5wO8Q0j+pKvCXaX2jZUKx4So/VNld++8axdDo5rMEPrVBqq0ANDr8cqErTSNPUQZkzwHTzjszpdlQDsLaSxmys2SiFp59QsRS5DBYQcEwH2lmWH5rJS56YeJ90MOU4Fq6fxnXtIE=",
  "secp384r1.spki":
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEnzzLsNK03sdyF+yWX0e5yqHLDWtTEMN1V7C9ZCDpe4jGbEZDhgF5TNe2tJhd9uwOPm3ucX4XXNw3QYRXB2HhU5KDkQfZTyiqF1GXzRIce1qPYevTAcoZnKOQl5bKte/Y",
  "x.p8":
    "MC4CAQAwBQYDK2VuBCIEICB0mgvSKhcmfPyUfbDJPWH3CwZ1phVx3NuZyRANmxZ3",
  "secp384r1.p8":
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBPdI9oOIHGoB6T+N6Y7ptSIq2DyPr80xx9ni4hsoKVLRrM89YSWb2A+jk2r5UOvc6hZANiAASfPMuw0rTex3IX7JZfR7nKocsNa1MQw3VXsL1kIOl7iMZsRkOGAXlM17a0mF327A4+be5xfhdc3DdBhFcHYeFTkoORB9lPKKoXUZfNEhx7Wo9h69MByhmco5CXlsq179g=",
  "ed.spki":
    "MCowBQYDK2VwAyEAhp7KjczH3a87crtxTyR7TFkwcZMhHd3NoE6mF/mUWkI=",
  "prime256v1.sec1":
    "MHcCAQEEIIh+vD5MND2FXcnppga4ePKR0y50Hcg9DxoPias3pzKgoAoGCCqGSM49AwEHoUQDQgAEVyq+lXNrBU4GHiusclrVqu7qMF+CYjf8tj0jI71P8o6phuV7PyscnXgDCTwpz1LSb3i4+EPbPUriyKPo+GIrug==",
  "ed.p8":
    "MC4CAQAwBQYDK2VwBCIEILFSE6D4XIV9yIAxtiC+yesuPXxQcV60tU7sMReOABeA",
  "r2048.p8":
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDzCEB5lz9mXSLMXBgZomSdXz5Jhfw4C1BQzBg3Q2f4EmoWHsYU6yMgs7OYlkSaRf5IoCHC/fwJ6Rw1h2/Ut1BfQ94sjbpg1+T6CYMs4m60wMh1KuERXI3aiqo8Cw3+NlXaxrytSc2RsIpv+MU90ePqTHg91WHl7VV2plF2z6fUrg7t6HM94ZS4rm6s8uvfqo+6oQ0Jm78ASIOOmJKYYQURPpvhYPFIF5kDGLRTCvi7BMVPoCRg7/36r4ADChrJF1HLa/uW8KRGh3oJTzbL7Fc4K1p3u+MUs2GsALX5TozvUMT6HG+20XOKtDsgnNoIGusQVhZHGJNrX2aRbmSv5ddlAgMBAAECggEAQIRySVUjmZMkB8hzBWsc9sIwEOim2mH2glyMGS+lzC9nRlQJFciOXMIX7WwG7kWiibko/VDbte3SdUttHrVDeubTdlRxo//sY4xe7G14IjgDf0dQ1IETj268XpA4uMHH7PpRYFd1YTXSqoMKKa0sqih+yzt4b8efpo3klnvt/AFsuQFOYtHqES/qTDwJfc80cAR62pTilIUoZiGQPmOPqjgL3K//sgRyIuNpyvLlYv1o2MX3E5/U7uvxWUR4pI1GaXuVJ0W26ljU9hPebSCupgXiz+BG6+ndhBPOWOyueXqJiPQ6KqxhEqCNf2HKXIFIIrrXSCwBcW2KGkOS/YeEiQKBgQD7Sq34eGXK/ibLpX7C/GlZ82j8Xh42hTDnDyR8TDgKbohLew5/p1RpVV5WWS74Wi8S8r+0F+dizoTrNEcp0YQAXEVLlPaJVQchlg5KM4tARWrpQ9ckndrFYn6fq9Gc8ZGBn9TpIWIim+M7nIzLT0IuO8fYjN1bQhIvYHhrRK29awKBgQD3lfSngErVxza+uCN4Z/9JRXviqEHOJbGvsiFUApddfV8WFzhGsPm+pySBm9qkj/9IJuwJJNKvQt9UBHEpCwdt8H1+JJoMHEPSJ1/RH6WDvFSLXkjCo+tV5QTrtWo6y+jUtVXPwnPhnmw7hZp+ZkZoqgRPC8nlLkpADVtd9dmibwKBgHcKi5t3PZGKEErMnV41QJsSChvzYhCly+LJc5lGag3XCs3m/5lNZVl4zXXOTcfswPwS7umboUtXVfQuEcAntoaNL258pMWt9/DbKu3PuRm7SMg0EQkRln+HB0EQnf3hGfL0CmJeJCUM//pPUQtHAqzwON3G7V270O2Mn78BC+T9AoGANhU/uEdCEajOwKKgvPCax3qyMTToCwwY4HRc62kVf4qfdsfjty15oLgKNXXCMShzb2NxNB4jF73X4xaFUZ3jJZTfFOsR64tRFVschyYOldRR84/I/RupkL3ScVrTtbxNRAnIkPW9Mo/UvLvWn73fq4VYI5xDohiWh59jUgceX2kCgYBo/Aw6JngLEUqmA4URBOVFSrVMZIWvqUaLXMKC6MjTnIaR9kQSdrDLjDejR16EDI0KQtt+U0MnrmamYaQCjfxgQ2hB3ru1PO+63k8YxnSUTjo/MN8e+KCVhYHfmaFhwVYPJTo3l+QpBqwUUKhSR5qNfbhm8VcPppsG+g3zdsFS9w==",
};
const B = (n) => Uint8Array.from(atob(K[n]), (c) => c.charCodeAt(0));
const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, "0")).join("");
const s = crypto.subtle, D = new Uint8Array([1, 2, 3]);
const show = (r) => r instanceof ArrayBuffer ? (r.byteLength < 300 ? hex(r) : r.byteLength + ":" + hex(r.slice(0, 40))) : r?.type ? [r.type, r.usages, r.extractable, { ...r.algorithm, publicExponent: r.algorithm.publicExponent && hex(r.algorithm.publicExponent) }] : r?.publicKey ? [show(r.publicKey), show(r.privateKey)] : r;
const tryit = async (f) => { try { return ["ok", show(await f())]; } catch (e) { return [e?.constructor?.name, e?.name, e?.message]; } };


export default { async fetch() {
  const f = {};
  const t = async (n, fn) => { f[n] = await tryit(fn); };
  const p8 = (n, a, u, x = true) => s.importKey("pkcs8", typeof n === "string" ? B(n) : n, a, x, u), spki = (n, a, u, x = true) => s.importKey("spki", typeof n === "string" ? B(n) : n, a, x, u), raw = (b, a, u) => s.importKey("raw", b, a, true, u), jwk = (j, a, u, x = true) => s.importKey("jwk", j, a, x, u);
  const del = (o, ...n) => { const c = { ...o }; for (const x of n) delete c[x]; return c; };
  for (const [c, n, h] of [["P-256", "prime256v1", "SHA-256"], ["P-384", "secp384r1", "SHA-384"], ["P-521", "secp521r1", "SHA-512"]]) {
    const E = { name: "ECDSA", namedCurve: c }, H = { name: "ECDH", namedCurve: c };
    await t(c + " p8", () => p8(n + ".p8", E, ["sign"]));
  await t(c + " spki", () => spki(n + ".spki", E, ["verify"]));
  await t(c + " sec1", () => p8(n + ".sec1", E, ["sign"]));
  await t(c + " dh p8", () => p8(n + ".p8", H, ["deriveBits"]));
  await t(c + " dh spki", () => spki(n + ".spki", H, []));
  await t(c + " dh spki use", () => spki(n + ".spki", H, ["deriveBits"]));
    const k = await p8(n + ".p8", E, ["sign"]), v = await spki(n + ".spki", E, ["verify"]);
    for (const hh of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) await t(c + " rt " + hh, async () => { const g = await s.sign({ name: "ECDSA", hash: hh }, k, D); return [g.byteLength, await s.verify({ name: "ECDSA", hash: hh }, v, g, D)]; });
    await t(c + " exp p8", async () => hex(await s.exportKey("pkcs8", k)) === hex(B(n + ".p8")));
  await t(c + " exp spki", async () => hex(await s.exportKey("spki", v)) === hex(B(n + ".spki")));
  await t(c + " exp jwk", () => s.exportKey("jwk", k));
  await t(c + " exp jwk pub", () => s.exportKey("jwk", v));
  await t(c + " exp raw", () => s.exportKey("raw", v));
  await t(c + " exp raw priv", () => s.exportKey("raw", k));
  await t(c + " exp foo", () => s.exportKey("foo", k));
    const dh = await p8(n + ".p8", H, ["deriveBits", "deriveKey"]), dv = await spki(n + ".spki", H, []);
    await t(c + " derive", () => s.deriveBits({ name: "ECDH", public: dv }, dh, null));
  await t(c + " derive 100", () => s.deriveBits({ name: "ECDH", public: dv }, dh, 100));
  await t(c + " derive 0", () => s.deriveBits({ name: "ECDH", public: dv }, dh, 0));
  await t(c + " derive long", () => s.deriveBits({ name: "ECDH", public: dv }, dh, 10000));
  await t(c + " derive undef", () => s.deriveBits({ name: "ECDH", public: dv }, dh));
  await t(c + " derivekey", () => s.deriveKey({ name: "ECDH", public: dv }, dh, { name: "AES-GCM", length: 256 }, true, ["encrypt"]));
  await t(c + " derivekey hkdf", () => s.deriveKey({ name: "ECDH", public: dv }, dh, "HKDF", false, ["deriveBits"]));
  await t(c + " derivekey hmac", () => s.deriveKey({ name: "ECDH", public: dv }, dh, { name: "HMAC", hash: "SHA-1", length: 101 }, true, ["sign"]));
  await t(c + " gen", () => s.generateKey(E, false, ["sign", "verify"]));
  await t(c + " gen dh", () => s.generateKey(H, true, ["deriveBits", "deriveKey"]));
    await t(c + " wrong raw", async () => raw((await s.exportKey("raw", v)).slice(0, -1), E, ["verify"]));
  await t(c + " raw", async () => raw(await s.exportKey("raw", v), E, ["verify"]));
  await t(c + " raw compressed", async () => { const r = new Uint8Array(await s.exportKey("raw", v)); const m = (r.length - 1) / 2; const q = r.slice(0, m + 1); q[0] = 2 + (r[r.length - 1] & 1); return hex(await s.exportKey("raw", await raw(q, E, ["verify"]))) === hex(r); });
  await t(c + " raw off", async () => { const r = new Uint8Array(await s.exportKey("raw", v)); r[5] ^= 1; return raw(r, E, ["verify"]); });
  }
  const E = { name: "ECDSA", namedCurve: "P-256" }, H = { name: "ECDH", namedCurve: "P-256" };
  const k = await p8("prime256v1.p8", E, ["sign"]), v = await spki("prime256v1.spki", E, ["verify"]), dh = await p8("prime256v1.p8", H, ["deriveBits", "deriveKey"]), dv = await spki("prime256v1.spki", H, []), d384 = await spki("secp384r1.spki", { name: "ECDH", namedCurve: "P-384" }, []);
  await t("raw empty", () => raw(new Uint8Array(0), E, ["verify"]));
  await t("raw inf", () => raw(new Uint8Array(1), E, ["verify"]));
  await t("raw use", () => raw(new Uint8Array(65), E, ["sign"]));
  await t("raw dh use", async () => raw(await s.exportKey("raw", v), H, ["deriveBits"]));
  await t("raw zeros", () => raw(new Uint8Array(65), E, ["verify"]));
  await t("raw 4 zeros", () => raw(new Uint8Array(65).fill(4, 0, 1), E, ["verify"]));
  await t("raw hybrid", () => raw(new Uint8Array(65).fill(6, 0, 1), E, ["verify"]));
  await t("curve wrong", () => p8("secp384r1.p8", E, ["sign"]));
  await t("curve wrong spki dh", () => spki("secp384r1.spki", H, []));
  await t("curve missing", () => p8("prime256v1.p8", "ECDSA", ["sign"]));
  await t("curve unk", () => p8("prime256v1.p8", { name: "ECDSA", namedCurve: "K-256" }, ["sign"]));
  await t("curve lower", () => p8("prime256v1.p8", { name: "ecdsa", namedCurve: "p-256" }, ["sign"]));
  await t("rsa in ec", () => p8("r2048.p8", E, ["sign"]));
  await t("rsa in dh", () => spki("r2048.spki", H, []));
  await t("ed in ec", () => p8("ed.p8", E, ["sign"]));
  await t("fmt", () => s.importKey("foo", D, E, true, ["sign"]));
  await t("sign nohash", () => s.sign("ECDSA", k, D));
  await t("verify nohash", () => s.verify("ECDSA", v, D, D));
  await t("verify nohash right size", () => s.verify("ECDSA", v, new Uint8Array(64), D));
  await t("verify short", () => s.verify({ name: "ECDSA", hash: "SHA-256" }, v, D, D));
  await t("verify zeros", () => s.verify({ name: "ECDSA", hash: "SHA-256" }, v, new Uint8Array(64), D));
  await t("verify ff", () => s.verify({ name: "ECDSA", hash: "SHA-256" }, v, new Uint8Array(64).fill(255), D));
  await t("sign bad hash", () => s.sign({ name: "ECDSA", hash: "x" }, k, D));
  await t("sign dh", () => s.sign({ name: "ECDH", hash: "SHA-1" }, dh, D));
  await t("dh nopublic", () => s.deriveBits("ECDH", dh, 8));
  await t("dh public priv", () => s.deriveBits({ name: "ECDH", public: dh }, dh, 8));
  await t("dh ecdsa public", () => s.deriveBits({ name: "ECDH", public: v }, dh, 8));
  await t("dh curves", () => s.deriveBits({ name: "ECDH", public: d384 }, dh, 8));
  await t("dh public obj", () => s.deriveBits({ name: "ECDH", public: {} }, dh, 8));
  await t("dh base pub", () => s.deriveBits({ name: "ECDH", public: dv }, dv, 8));
  await t("dh public null", () => s.deriveBits({ name: "ECDH", public: null }, dh, 8));
  await t("dh hmackey", async () => s.deriveBits({ name: "ECDH", public: await spki("r2048.spki", { name: "RSA-PSS", hash: "SHA-1" }, []) }, dh, 8));
  const J = await s.exportKey("jwk", k), JP = await s.exportKey("jwk", v);
  await t("jwk kty", () => jwk({ ...JP, kty: "RSA" }, E, ["verify"]));
  await t("jwk alg", () => jwk({ ...JP, alg: "ES384" }, E, ["verify"]));
  await t("jwk alg foo", () => jwk({ ...JP, alg: "foo" }, E, ["verify"]));
  await t("jwk alg ok", () => jwk({ ...JP, alg: "ES256" }, E, ["verify"]));
  await t("jwk crv other", () => jwk({ ...JP, crv: "P-384" }, E, ["verify"]));
  await t("jwk no crv", () => jwk(del(JP, "crv"), E, ["verify"]));
  await t("jwk no x", () => jwk(del(JP, "x"), E, ["verify"]));
  await t("jwk no y", () => jwk(del(JP, "y"), E, ["verify"]));
  await t("jwk bad x", () => jwk({ ...JP, x: "!" }, E, ["verify"]));
  await t("jwk off", () => jwk({ ...JP, x: JP.y, y: JP.x }, E, ["verify"]));
  await t("jwk long x", () => jwk({ ...JP, x: "AAAA" + JP.x }, E, ["verify"]));
  await t("jwk bad d", () => jwk({ ...J, d: "!" }, E, ["sign"]));
  await t("jwk wrong d", () => jwk({ ...J, d: "AQAB" }, E, ["sign"]));
  await t("jwk zero d", () => jwk({ ...J, d: "AAAA" }, E, ["sign"]));
  await t("jwk big d", () => jwk({ ...J, d: "_____________________________________________" }, E, ["sign"]));
  await t("jwk pub sign", () => jwk(JP, E, ["sign"]));
  await t("jwk dh pub use", () => jwk(del(JP, "key_ops"), H, ["deriveBits"]));
  await t("jwk dh use", () => jwk({ ...del(J, "key_ops"), use: "enc" }, H, ["deriveBits"]));
  await t("jwk dh use sig", () => jwk({ ...del(J, "key_ops"), use: "sig" }, H, ["deriveBits"]));
  await t("jwk dh use ops", () => jwk({ ...J, key_ops: ["deriveBits"], use: "enc" }, H, ["deriveBits"]));
  await t("jwk dh ops", () => jwk({ ...J, key_ops: ["deriveBits"] }, H, ["deriveBits"]));
  await t("jwk dh alg", () => jwk({ ...del(JP, "key_ops"), alg: "x" }, H, []));
  await t("jwk empty d", () => jwk({ ...J, d: "" }, E, ["sign"]));await t("jwk secret usages2", () => jwk({ ...J, key_ops: ["sign"] }, E, ["sign", "verify"]));
  await t("gen usage", () => s.generateKey(E, true, ["encrypt"]));
  await t("gen nocurve", () => s.generateKey("ECDSA", true, ["sign"]));
  await t("gen unk", () => s.generateKey({ name: "ECDSA", namedCurve: "x" }, true, ["sign"]));
  await t("gen verify", () => s.generateKey(E, true, ["verify"]));
  await t("gen dh sign", () => s.generateKey(H, true, ["sign"]));
  await t("gen dh none", () => s.generateKey(H, true, []));
  for (const [n, a] of [["Ed25519", "Ed25519"], ["NODE", { name: "NODE-ED25519", namedCurve: "NODE-ED25519" }]]) {
    const k = await p8("ed.p8", a, ["sign"]), v = await spki("ed.spki", a, ["verify"]); const nm = a.name ?? a;
    await t(n + " priv", () => k);
  await t(n + " pub", () => v);
  await t(n + " sign", () => s.sign(nm, k, D));
  await t(n + " verify", async () => s.verify(nm, v, await s.sign(nm, k, D), D));
  await t(n + " verify no", () => s.verify(nm, v, new Uint8Array(64), D));
  await t(n + " verify short", () => s.verify(nm, v, D, D));
  await t(n + " sign pub", () => s.sign(nm, v, D));
  await t(n + " exp p8", async () => hex(await s.exportKey("pkcs8", k)) === hex(B("ed.p8")));
  await t(n + " exp spki", async () => hex(await s.exportKey("spki", v)) === hex(B("ed.spki")));
  await t(n + " exp jwk", () => s.exportKey("jwk", k));
  await t(n + " exp jwk pub", () => s.exportKey("jwk", v));
  await t(n + " exp raw", () => s.exportKey("raw", v));
  await t(n + " exp raw priv", () => s.exportKey("raw", k));
  await t(n + " raw", () => raw(new Uint8Array(32).fill(9), a, ["verify"]));
  await t(n + " raw len", () => raw(new Uint8Array(31), a, ["verify"]));
  await t(n + " raw sign", () => raw(new Uint8Array(32), a, ["sign"]));
  await t(n + " raw zeros", () => raw(new Uint8Array(32), a, ["verify"]));
  await t(n + " raw ff verify", async () => s.verify(nm, await raw(new Uint8Array(32).fill(255), a, ["verify"]), new Uint8Array(64), D));
  await t(n + " gen", () => s.generateKey(a, true, ["sign", "verify"]));
  await t(n + " gen use", () => s.generateKey(a, true, ["encrypt"]));
    const J = await s.exportKey("jwk", k), JP = await s.exportKey("jwk", v);
    await t(n + " jwk", () => jwk(J, a, ["sign"]));
  await t(n + " jwk pub", () => jwk(JP, a, ["verify"]));
  await t(n + " jwk kty", () => jwk({ ...JP, kty: "EC" }, a, ["verify"]));
  await t(n + " jwk crv", () => jwk({ ...JP, crv: "X25519" }, a, ["verify"]));
  await t(n + " jwk nocrv", () => jwk(del(JP, "crv"), a, ["verify"]));
  await t(n + " jwk alg", () => jwk({ ...JP, alg: "Ed25519" }, a, ["verify"]));
  await t(n + " jwk nox", () => jwk(del(JP, "x"), a, ["verify"]));
  await t(n + " jwk x len", () => jwk({ ...JP, x: "AAAA" }, a, ["verify"]));
  await t(n + " jwk d len", () => jwk({ ...J, d: "AAAA" }, a, ["sign"]));
  await t(n + " jwk d bad", () => jwk({ ...J, d: "!" }, a, ["sign"]));
  await t(n + " jwk other x", async () => (await s.exportKey("jwk", await jwk({ ...J, x: J.d }, a, ["sign"]))).x === J.x);
  await t(n + " jwk use", () => jwk({ ...JP, use: "enc" }, a, ["verify"]));
  }
  await t("node curve", () => p8("ed.p8", { name: "NODE-ED25519", namedCurve: "x" }, ["sign"]));
  await t("node nocurve", () => p8("ed.p8", "NODE-ED25519", ["sign"]));
  await t("node gen", () => s.generateKey("NODE-ED25519", true, ["sign"]));
  const X = "X25519", xk = await p8("x.p8", X, ["deriveBits", "deriveKey"]), xv = await spki("x.spki", X, []);
  await t("x priv", () => xk);
  await t("x pub", () => xv);
  await t("x derive", () => s.deriveBits({ name: X, public: xv }, xk, 256));
  await t("x derive null", () => s.deriveBits({ name: X, public: xv }, xk, null));
  await t("x derive 13", () => s.deriveBits({ name: X, public: xv }, xk, 13));
  await t("x derive 0", () => s.deriveBits({ name: X, public: xv }, xk, 0));
  await t("x derive 300", () => s.deriveBits({ name: X, public: xv }, xk, 300));
  await t("x small", async () => s.deriveBits({ name: X, public: await raw(new Uint8Array(32), X, []) }, xk, 256));
  await t("x nopub", () => s.deriveBits(X, xk, 8));
  await t("x priv pub", () => s.deriveBits({ name: X, public: xk }, xk, 8));
  await t("x ed pub", async () => s.deriveBits({ name: X, public: await spki("ed.spki", "Ed25519", []) }, xk, 8));
  await t("x ecdh pub", () => s.deriveBits({ name: X, public: dv }, xk, 8));
  await t("ecdh x pub", () => s.deriveBits({ name: "ECDH", public: xv }, dh, 8));
  await t("x exp jwk", () => s.exportKey("jwk", xk));
  await t("x exp jwk pub", () => s.exportKey("jwk", xv));
  await t("x exp raw", () => s.exportKey("raw", xv));
  await t("x exp raw priv", () => s.exportKey("raw", xk));
  await t("x exp p8", async () => hex(await s.exportKey("pkcs8", xk)) === hex(B("x.p8")));
  await t("x gen", () => s.generateKey(X, false, ["deriveBits"]));
  await t("x gen none", () => s.generateKey(X, false, []));
  await t("x raw use", () => raw(new Uint8Array(32), X, ["deriveBits"]));
  await t("x raw len", () => raw(new Uint8Array(3), X, []));
  await t("x spki use", () => spki("x.spki", X, ["deriveBits"])); const XJ = await s.exportKey("jwk", xk), XP = await s.exportKey("jwk", xv);
  await t("x jwk", () => jwk(XJ, X, ["deriveBits"]));
  await t("x jwk pub", () => jwk(XP, X, []));
  await t("x jwk pub use", () => jwk({ ...XP, key_ops: undefined }, X, ["deriveBits"]));
  await t("x jwk pub use enc", () => jwk({ ...XP, use: "enc" }, X, []));
  await t("x jwk ops", () => jwk({ ...XJ, use: "enc" }, X, ["deriveBits"]));
  await t("x jwk alg", () => jwk({ ...XP, alg: "zz" }, X, []));
  await t("x sign", () => s.sign(X, xk, D));
  await t("x lower", () => s.generateKey("x25519", true, ["deriveBits"]));
  await t("ed lower", () => s.generateKey("ed25519", true, ["sign"]));
  return Response.json(f);
} };
