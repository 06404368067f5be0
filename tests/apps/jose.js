// jose: signing and verifying tokens with HMAC, RSA and elliptic keys; encryption.
// requests: GET /
import * as jose from "jose";
const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
export default {
  async fetch() {
    const jwt = await new jose.SignJWT({ role: "x" }).setProtectedHeader({ alg: "HS256" }).setIssuedAt(1000).setIssuer("me").setExpirationTime(4000000000).sign(secret);
    const verified = await jose.jwtVerify(jwt, secret, { issuer: "me" });
    const failed = await jose.jwtVerify(jwt, secret, { issuer: "you" }).catch((error) => [error.name, error.code, error.claim]);
    const bad = await jose.jwtVerify(jwt.slice(0, -2) + "AA", secret).catch((error) => error.code);
    const pair = await jose.generateKeyPair("ES256", { extractable: true });
    const es = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: "ES256" }).sign(pair.privateKey);
    const jwk = await jose.exportJWK(pair.publicKey);
    const esBack = await jose.jwtVerify(es, await jose.importJWK(jwk, "ES256"));
    const jwe = await new jose.CompactEncrypt(new TextEncoder().encode("hi")).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(secret);
    const opened = await jose.compactDecrypt(jwe, secret);
    return Response.json({ jwt, verified, failed, bad, es: esBack.payload, kty: jwk.kty, decoded: jose.decodeJwt(jwt), opened: new TextDecoder().decode(opened.plaintext), thumb: await jose.calculateJwkThumbprint({ kty: "oct", k: jose.base64url.encode(secret) }) });
  },
};
