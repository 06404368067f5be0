// RSA: keys in every form, signatures, OAEP, generating, what is refused.
// differs: a modulus has at most 4,096 bits, not 16,384; private keys whose numbers do not fit each other, and
// moduli that are even, are refused when they are imported and not when they are used; nothing of RSA-RAW is
// exported as a JSON Web Key, which is an internal error of workerd.
// Made with OpenSSL for this file alone.
const K = {
  "prime256v1.p8":
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiH68Pkw0PYVdyemmBrh48pHTLnQdyD0PGg+JqzenMqChRANCAARXKr6Vc2sFTgYeK6xyWtWq7uowX4JiN/y2PSMjvU/yjqmG5Xs/KxydeAMJPCnPUtJveLj4Q9s9SuLIo+j4Yiu6",
  "r2048.spki":
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA8whAeZc/Zl0izFwYGaJknV8+SYX8OAtQUMwYN0Nn+BJqFh7GFOsjILOzmJZEmkX+SKAhwv38CekcNYdv1LdQX0PeLI26YNfk+gmDLOJutMDIdSrhEVyN2oqqPAsN/jZV2sa8rUnNkbCKb/jFPdHj6kx4PdVh5e1VdqZRds+n1K4O7ehzPeGUuK5urPLr36qPuqENCZu/AEiDjpiSmGEFET6b4WDxSBeZAxi0Uwr4uwTFT6AkYO/9+q+AAwoayRdRy2v7lvCkRod6CU82y+xXOCtad7vjFLNhrAC1+U6M71DE+hxvttFzirQ7IJzaCBrrEFYWRxiTa19mkW5kr+XXZQIDAQAB",
  "prime256v1.spki":
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVyq+lXNrBU4GHiusclrVqu7qMF+CYjf8tj0jI71P8o6phuV7PyscnXgDCTwpz1LSb3i4+EPbPUriyKPo+GIrug==",
  "r2048.p1":
    "MIIEogIBAAKCAQEA8whAeZc/Zl0izFwYGaJknV8+SYX8OAtQUMwYN0Nn+BJqFh7GFOsjILOzmJZEmkX+SKAhwv38CekcNYdv1LdQX0PeLI26YNfk+gmDLOJutMDIdSrhEVyN2oqqPAsN/jZV2sa8rUnNkbCKb/jFPdHj6kx4PdVh5e1VdqZRds+n1K4O7ehzPeGUuK5urPLr36qPuqENCZu/AEiDjpiSmGEFET6b4WDxSBeZAxi0Uwr4uwTFT6AkYO/9+q+AAwoayRdRy2v7lvCkRod6CU82y+xXOCtad7vjFLNhrAC1+U6M71DE+hxvttFzirQ7IJzaCBrrEFYWRxiTa19mkW5kr+XXZQIDAQABAoIBAECEcklVI5mTJAfIcwVrHPbCMBDoptph9oJcjBkvpcwvZ0ZUCRXIjlzCF+1sBu5Foom5KP1Q27Xt0nVLbR61Q3rm03ZUcaP/7GOMXuxteCI4A39HUNSBE49uvF6QOLjBx+z6UWBXdWE10qqDCimtLKoofss7eG/Hn6aN5JZ77fwBbLkBTmLR6hEv6kw8CX3PNHAEetqU4pSFKGYhkD5jj6o4C9yv/7IEciLjacry5WL9aNjF9xOf1O7r8VlEeKSNRml7lSdFtupY1PYT3m0grqYF4s/gRuvp3YQTzljsrnl6iYj0OiqsYRKgjX9hylyBSCK610gsAXFtihpDkv2HhIkCgYEA+0qt+Hhlyv4my6V+wvxpWfNo/F4eNoUw5w8kfEw4Cm6IS3sOf6dUaVVeVlku+FovEvK/tBfnYs6E6zRHKdGEAFxFS5T2iVUHIZYOSjOLQEVq6UPXJJ3axWJ+n6vRnPGRgZ/U6SFiIpvjO5yMy09CLjvH2IzdW0ISL2B4a0StvWsCgYEA95X0p4BK1cc2vrgjeGf/SUV74qhBziWxr7IhVAKXXX1fFhc4RrD5vqckgZvapI//SCbsCSTSr0LfVARxKQsHbfB9fiSaDBxD0idf0R+lg7xUi15IwqPrVeUE67VqOsvo1LVVz8Jz4Z5sO4WafmZGaKoETwvJ5S5KQA1bXfXZom8CgYB3Coubdz2RihBKzJ1eNUCbEgob82IQpcviyXOZRmoN1wrN5v+ZTWVZeM11zk3H7MD8Eu7pm6FLV1X0LhHAJ7aGjS9ufKTFrffw2yrtz7kZu0jINBEJEZZ/hwdBEJ394Rny9ApiXiQlDP/6T1ELRwKs8Djdxu1du9DtjJ+/AQvk/QKBgDYVP7hHQhGozsCioLzwmsd6sjE06AsMGOB0XOtpFX+Kn3bH47cteaC4CjV1wjEoc29jcTQeIxe91+MWhVGd4yWU3xTrEeuLURVbHIcmDpXUUfOPyP0bqZC90nFa07W8TUQJyJD1vTKP1Ly71p+936uFWCOcQ6IYloefY1IHHl9pAoGAaPwMOiZ4CxFKpgOFEQTlRUq1TGSFr6lGi1zCgujI05yGkfZEEnawy4w3o0dehAyNCkLbflNDJ65mpmGkAo38YENoQd67tTzvut5PGMZ0lE46PzDfHviglYWB35mhYcFWDyU6N5fkKQasFFCoUkeajX24ZvFXD6abBvoN83bBUvc=",
  "r512.p8":
    "MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEAAkEAmB6I+Nm7+PsjOtAy2N6wtt3++Rgm60XEU3Wpz8dnjMLH1bEl89aUXDlN1hkr0xA+ERhehQjLx6zrrtZBTbQtIwIDAQABAkAf+ALXMYMUj0rXGFwnQZ2nwL3OAapkNXROCeNXHFQBu7ak45vpec6m3r7ysYpD3xLw3B7HK3jPwuGQTJEfVYCpAiEAyl19SzYRUh7WZP8r1anK2FLersb9whcAmhGxgoP5mH8CIQDAb9os6co82wQeZj46dXQJMv0BobY061u4GYaiuSy5XQIhAIYML7bmdcrECpiUPuElu+xX2JJF1kn/GrL0DXW7HlbZAiBnQJyz1I1qsak4Fmv1OegUt4MBSR9WraH82dVfojPZEQIgTTR+f/kIXD2ukXIrFwWxJmY8yVExSZfTuT8+4mqELwc=",
  "r512.spki":
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJgeiPjZu/j7IzrQMtjesLbd/vkYJutFxFN1qc/HZ4zCx9WxJfPWlFw5TdYZK9MQPhEYXoUIy8es667WQU20LSMCAwEAAQ==",
  "ed.spki":
    "MCowBQYDK2VwAyEAhp7KjczH3a87crtxTyR7TFkwcZMhHd3NoE6mF/mUWkI=",
  "r1024.p8":
    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMUMiM5c5P3l+MKXYNyz8zqMA/Dl5K6Yt4yp/wYYQhRixcSV2cw5OiSpNEODf98aHlyHV2nPlZtU3vLR5MT8dRpj2u+fEQa6rUbZbU+8Vrj1j0oc+pwBN/+0Gn/rORBby8ezAOCT4rSJJut5sgSyVqVP7JR3HJBsiy3RSZ+uOkyBAgMBAAECgYBnlIktgSNWW9cB4zUljupickt4DEDDjr+dj5bhC0thD/LJvcO5WLO5pcA1ZSCIlGA1X2eR1W7dMiXoGnFZIyQih8WN4ZuFLxKJzy4HtBp8EuYoVmFZvgapr4chZqqJ7C5pCdR1ucnvywhwEe0Mvqo3W7Y7CJQVAhCzN0sxFoUngQJBAPlHsaWIUB6lV7PCFI9yryBsnikTVbpWJJuj8QJbjXhsQyTlIdv5FGgzstj6Z/hgL0QKGATQ8Vm7wG3Hw/DlYAkCQQDKXGN6ZJ9JU0sdtDdXBgMLjw1LrnDcinBiVi6AJbE1QsuMtw60WSObTuW9Mxi5I1/QL8dJPOk0Ys4vi9fGBja5AkEAl1f0vehFpGWEGqnxa6oYMxpe59dKTAgyz5+4GlNVT9CC72qBpRjTT/RbWCqnZv+WkruCG6JzdaRszvnit2W7aQJASwdkTt39/Sbn4/SMzDRLbr60dEoSSIL/1kYT6amQAappZBv/VLj0LcJcBgFq+kH2ZW9BmZL++FBmGFTmROLK6QJBANoUbUr+Pde4rI+ZQO985g+sps0VnDo/O3ze7I/IYP0oJQ7i2+HGtbJ6alRDYwfDM0giCNu8wsytwgcOrZyVTNw=",
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
  const RS = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, PS = { name: "RSA-PSS", hash: "SHA-256" }, OA = { name: "RSA-OAEP", hash: "SHA-256" };
  const p8 = (n, a, u, x = true) => s.importKey("pkcs8", typeof n === "string" ? B(n) : n, a, x, u), spki = (n, a, u, x = true) => s.importKey("spki", typeof n === "string" ? B(n) : n, a, x, u), raw = (b, a, u) => s.importKey("raw", b, a, true, u), jwk = (j, a, u, x = true) => s.importKey("jwk", j, a, x, u);
  await t("rs p8", () => p8("r2048.p8", RS, ["sign"]));
  await t("rs spki", () => spki("r2048.spki", RS, ["verify"]));
  await t("rs spki nousage", () => spki("r2048.spki", RS, []));
  await t("rs spki sign", () => spki("r2048.spki", RS, ["sign"]));
  await t("rs p8 verify", () => p8("r2048.p8", RS, ["verify"]));
  await t("rs p8 none", () => p8("r2048.p8", RS, []));
  await t("rs nohash", () => p8("r2048.p8", "RSA-PSS", ["sign"]));
  await t("rs hash bad", () => p8("r2048.p8", { ...RS, hash: "x" }, ["sign"]));
  await t("rs raw", () => raw(D, RS, ["verify"]));
  await t("rs fmt", () => s.importKey("foo", D, RS, true, ["sign"]));
  await t("rs garbage p8", () => p8(D, RS, ["sign"]));
  await t("rs garbage spki", () => spki(D, RS, ["verify"]));
  await t("rs empty", () => spki(new Uint8Array(0), RS, ["verify"]));
  await t("rs trail spki", () => spki(new Uint8Array([...B("r2048.spki"), 1, 2]), RS, ["verify"]));
  await t("rs trail p8", () => p8(new Uint8Array([...B("r2048.p8"), 1, 2, 3]), RS, ["sign"]));
  await t("rs trunc", () => spki(B("r2048.spki").slice(0, -1), RS, ["verify"]));
  await t("rs p1", () => p8("r2048.p1", RS, ["sign"]));
  await t("rs p8 as spki", () => spki("r2048.p8", RS, ["verify"]));
  await t("rs ec p8", () => p8("prime256v1.p8", RS, ["sign"]));
  await t("rs ec spki", () => spki("prime256v1.spki", RS, ["verify"]));
  await t("rs ed spki", () => spki("ed.spki", RS, ["verify"]));
  await t("rs 512", () => p8("r512.p8", RS, ["sign"]));
  await t("rs 512 spki", () => spki("r512.spki", RS, ["verify"]));
  await t("rs 1024", () => p8("r1024.p8", RS, ["sign"]));
  const k = await p8("r2048.p8", RS, ["sign"]), kv = await spki("r2048.spki", RS, ["verify"]), kp = await p8("r2048.p8", PS, ["sign"]), kpv = await spki("r2048.spki", PS, ["verify"]), ko = await p8("r2048.p8", OA, ["decrypt", "unwrapKey"]), kov = await spki("r2048.spki", OA, ["encrypt", "wrapKey"]);
  await t("alg proto", () => [k.algorithm.publicExponent.constructor.name, Object.keys(k.algorithm), k.algorithm === k.algorithm, k.algorithm.publicExponent === k.algorithm.publicExponent]);
  await t("rs sign", () => s.sign("RSASSA-PKCS1-v1_5", k, D)); for (const h of ["SHA-1", "SHA-384", "SHA-512", "MD5"]) await t("rs sign " + h, async () => s.sign("RSASSA-PKCS1-v1_5", await p8("r2048.p8", { name: "RSASSA-PKCS1-v1_5", hash: h }, ["sign"]), D));
  await t("rs verify", async () => s.verify("RSASSA-PKCS1-v1_5", kv, await s.sign("RSASSA-PKCS1-v1_5", k, D), D));
  await t("rs verify wrong", async () => s.verify("RSASSA-PKCS1-v1_5", kv, await s.sign("RSASSA-PKCS1-v1_5", k, D), new Uint8Array(4)));
  await t("rs verify short", () => s.verify("RSASSA-PKCS1-v1_5", kv, D, D));
  await t("rs verify 256", () => s.verify("RSASSA-PKCS1-v1_5", kv, new Uint8Array(256), D));
  await t("rs verify ff", () => s.verify("RSASSA-PKCS1-v1_5", kv, new Uint8Array(256).fill(255), D));
  await t("rs sign pub", () => s.sign("RSASSA-PKCS1-v1_5", kv, D));
  await t("rs small", async () => s.sign("RSASSA-PKCS1-v1_5", await p8("r512.p8", { ...RS, hash: "SHA-512" }, ["sign"]), D));
  await t("pss nosalt", () => s.sign("RSA-PSS", kp, D));
  await t("pss neg", () => s.sign({ name: "RSA-PSS", saltLength: -1 }, kp, D));
  await t("pss big", () => s.sign({ name: "RSA-PSS", saltLength: 300 }, kp, D));
  await t("pss max", async () => (await s.sign({ name: "RSA-PSS", saltLength: 222 }, kp, D)).byteLength);
  await t("pss max+1", () => s.sign({ name: "RSA-PSS", saltLength: 223 }, kp, D));
  await t("pss rt", async () => s.verify({ name: "RSA-PSS", saltLength: 32 }, kpv, await s.sign({ name: "RSA-PSS", saltLength: 32 }, kp, D), D));
  await t("pss wrong salt", async () => s.verify({ name: "RSA-PSS", saltLength: 20 }, kpv, await s.sign({ name: "RSA-PSS", saltLength: 32 }, kp, D), D));
  await t("pss v nosalt", () => s.verify("RSA-PSS", kpv, D, D));
  await t("pss v neg", () => s.verify({ name: "RSA-PSS", saltLength: -5 }, kpv, D, D));
  await t("pss v huge", () => s.verify({ name: "RSA-PSS", saltLength: 5000 }, kpv, new Uint8Array(256), D));
  await t("pss 0", async () => s.verify({ name: "RSA-PSS", saltLength: 0 }, kpv, await s.sign({ name: "RSA-PSS", saltLength: 0 }, kp, D), D));
  await t("pss small", async () => s.sign({ name: "RSA-PSS", saltLength: 0 }, await p8("r512.p8", { name: "RSA-PSS", hash: "SHA-512" }, ["sign"]), D));
  await t("pss det", () => s.sign({ name: "RSA-PSS", saltLength: 0 }, kp, D));
  await t("oaep rt", async () => s.decrypt("RSA-OAEP", ko, await s.encrypt("RSA-OAEP", kov, D)));
  await t("oaep label", async () => s.decrypt({ name: "RSA-OAEP", label: D }, ko, await s.encrypt({ name: "RSA-OAEP", label: D }, kov, D)));
  await t("oaep bad label", async () => s.decrypt({ name: "RSA-OAEP", label: new Uint8Array(1) }, ko, await s.encrypt({ name: "RSA-OAEP", label: D }, kov, D)));
  await t("oaep long", () => s.encrypt("RSA-OAEP", kov, new Uint8Array(191)));
  await t("oaep max", async () => (await s.encrypt("RSA-OAEP", kov, new Uint8Array(190))).byteLength);
  await t("oaep garbage", () => s.decrypt("RSA-OAEP", ko, new Uint8Array(256)));
  await t("oaep short", () => s.decrypt("RSA-OAEP", ko, D));
  await t("oaep ff", () => s.decrypt("RSA-OAEP", ko, new Uint8Array(256).fill(255)));
  await t("oaep empty", async () => (await s.decrypt("RSA-OAEP", ko, await s.encrypt("RSA-OAEP", kov, new Uint8Array(0)))).byteLength);
  await t("oaep enc priv", () => s.encrypt("RSA-OAEP", ko, D));
  await t("oaep sign", () => s.sign("RSA-OAEP", ko, D));
  await t("oaep wrap", async () => s.unwrapKey("raw", await s.wrapKey("raw", await s.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]), kov, "RSA-OAEP"), ko, "RSA-OAEP", "AES-GCM", true, ["encrypt"]));
  await t("oaep wrap jwk", async () => s.unwrapKey("jwk", await s.wrapKey("jwk", await s.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]), kov, "RSA-OAEP"), ko, "RSA-OAEP", "AES-GCM", true, ["encrypt"]));
  await t("oaep wrap rsa", async () => s.wrapKey("pkcs8", k, kov, "RSA-OAEP"));
  await t("exp p8", async () => hex(await s.exportKey("pkcs8", k)) === hex(B("r2048.p8")));
  await t("exp spki", async () => hex(await s.exportKey("spki", kv)) === hex(B("r2048.spki")));
  await t("exp p8 pub", () => s.exportKey("pkcs8", kv));
  await t("exp spki priv", () => s.exportKey("spki", k));
  await t("exp raw", () => s.exportKey("raw", kv));
  await t("exp foo", () => s.exportKey("foo", kv));
  await t("exp jwk pub", () => s.exportKey("jwk", kv));
  await t("exp jwk priv", () => s.exportKey("jwk", k));
  await t("exp jwk pss", async () => (await s.exportKey("jwk", kpv)).alg);
  await t("exp jwk oaep", async () => [(await s.exportKey("jwk", kov)).alg, (await s.exportKey("jwk", await spki("r2048.spki", { name: "RSA-OAEP", hash: "SHA-1" }, ["encrypt"]))).alg]);
  await t("exp jwk md5", async () => s.exportKey("jwk", await spki("r2048.spki", { name: "RSA-PSS", hash: "MD5" }, ["verify"])));
  const J = await s.exportKey("jwk", k), JP = await s.exportKey("jwk", kv);
  const del = (o, ...n) => { const c = { ...o }; for (const x of n) delete c[x]; return c; };
  await t("jwk priv", () => jwk(J, RS, ["sign"]));
  await t("jwk pub", () => jwk(JP, RS, ["verify"]));
  await t("jwk bare", async () => s.sign("RSASSA-PKCS1-v1_5", await jwk(del(J, "p", "q", "dp", "dq", "qi"), RS, ["sign"]), D));
  await t("jwk part", () => jwk(del(J, "q"), RS, ["sign"]));
  await t("jwk no n", () => jwk(del(JP, "n"), RS, ["verify"]));
  await t("jwk bad e", () => jwk({ ...JP, e: "!" }, RS, ["verify"]));
  await t("jwk kty", () => jwk({ ...JP, kty: "EC" }, RS, ["verify"]));
  await t("jwk alg", () => jwk({ ...JP, alg: "RS512" }, RS, ["verify"]));
  await t("jwk alg ps", () => jwk({ ...JP, alg: "PS256" }, RS, ["verify"]));
  await t("jwk alg foo", () => jwk({ ...JP, alg: "foo" }, RS, ["verify"]));
  await t("jwk lower name", () => jwk(JP, { name: "rsassa-pkcs1-v1_5", hash: "sha-256" }, ["verify"]));
  await t("jwk lower name noalg", () => jwk(del(JP, "alg"), { name: "rsassa-pkcs1-v1_5", hash: "sha-256" }, ["verify"]));
  await t("jwk use", () => jwk({ ...JP, use: "enc" }, RS, ["verify"]));
  await t("jwk use noops", () => jwk({ ...del(JP, "key_ops"), use: "enc" }, RS, ["verify"]));
  await t("jwk use sig", () => jwk({ ...JP, use: "sig" }, RS, ["verify"]));
  await t("jwk use ops", () => jwk({ ...JP, use: "sig", key_ops: ["verify", "encrypt"] }, RS, ["verify"]));
  await t("jwk ops miss", () => jwk({ ...JP, key_ops: ["sign"] }, RS, ["verify"]));
  await t("jwk ops dup", () => jwk({ ...JP, key_ops: ["verify", "verify"] }, RS, ["verify"]));
  await t("jwk ext", () => jwk({ ...JP, ext: false }, RS, ["verify"]));
  await t("jwk oth", () => jwk({ ...J, oth: [] }, RS, ["sign"]));
  await t("jwk pub sign", () => jwk(JP, RS, ["sign"]));
  await t("jwk priv verify", () => jwk(J, RS, ["verify"]));
  await t("jwk e even", () => jwk({ ...JP, e: "AQAA" }, RS, ["verify"]));
  await t("jwk e 5", () => jwk({ ...JP, e: "BQ" }, RS, ["verify"]));
  await t("jwk e 3", () => jwk({ ...JP, e: "Aw" }, RS, ["verify"]));
  await t("jwk e huge", () => jwk({ ...JP, e: "AQABAAEAAQ" }, RS, ["verify"]));
  await t("jwk n tiny", () => jwk({ ...JP, n: "AQAB" }, RS, ["verify"]));
  await t("jwk n empty", () => jwk({ ...JP, n: "" }, RS, ["verify"]));
  await t("jwk oaep", () => jwk({ ...JP, alg: undefined, key_ops: ["encrypt"], use: "enc" }, OA, ["encrypt"]));
  await t("jwk usages2", () => jwk({ ...JP, alg: undefined, key_ops: ["encrypt"] }, OA, ["encrypt", "wrapKey"]));
  await t("jwk n 17k", () => jwk({ kty: "RSA", n: "_" + "w".repeat(3000), e: "AQAB" }, RS, ["verify"]));
  for (const b of [0, -1, 128, 255, 256, 384, 511, 512, 1000, 1024, 1032, 20000]) await t("gen " + b, () => s.generateKey({ ...RS, modulusLength: b, publicExponent: new Uint8Array([1, 0, 1]) }, true, ["sign", "verify"]));
  for (const e of [[], [3], [5], [0, 0, 3], [1, 0, 0, 0, 1], [1], [1, 0, 0]]) await t("gen e " + e, () => s.generateKey({ ...RS, modulusLength: 1024, publicExponent: new Uint8Array(e) }, true, ["sign", "verify"]));
  const G = { ...RS, modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
  await t("gen nomod", () => s.generateKey({ ...G, modulusLength: undefined }, true, ["sign"]));
  await t("gen noexp", () => s.generateKey({ ...G, publicExponent: undefined }, true, ["sign"]));
  await t("gen exp str", () => s.generateKey({ ...G, publicExponent: "AQAB" }, true, ["sign"]));
  await t("gen nohash", () => s.generateKey({ ...G, hash: undefined }, true, ["sign"]));
  await t("gen usage", () => s.generateKey(G, true, ["encrypt"]));
  await t("gen nopriv", () => s.generateKey(G, true, ["verify"]));
  await t("gen none", () => s.generateKey(G, true, []));
  await t("gen oaep", () => s.generateKey({ ...G, name: "RSA-OAEP" }, false, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]));
  await t("gen pss", () => s.generateKey({ ...G, name: "rsa-pss", hash: { name: "sha-1" } }, false, ["sign", "verify"]));
  await t("gen ab", () => s.generateKey({ ...G, publicExponent: new Uint8Array([1, 0, 1]).buffer }, true, ["sign"]));
  const RW = { name: "RSA-RAW" };
  await t("raw imp", () => p8("r2048.p8", RW, ["sign"]));
  await t("raw sign", async () => s.sign("RSA-RAW", await p8("r2048.p8", RW, ["sign"]), new Uint8Array(256).fill(1)));
  await t("raw sign short", async () => s.sign("RSA-RAW", await p8("r2048.p8", RW, ["sign"]), D));
  await t("raw sign long", async () => s.sign("RSA-RAW", await p8("r2048.p8", RW, ["sign"]), new Uint8Array(257)));
  await t("raw sign ff", async () => s.sign("RSA-RAW", await p8("r2048.p8", RW, ["sign"]), new Uint8Array(256).fill(255)));
  await t("raw pub", () => spki("r2048.spki", RW, ["verify"]));
  return Response.json(f);
} };
