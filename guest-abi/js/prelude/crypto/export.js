// Keys written out.
import native from "internal:native";
import { flag } from "internal:errors";
import { dom, failure } from "internal:crypto/arguments";
import { after } from "internal:crypto/import";
import { factsOf } from "internal:crypto/key";

const RAW = 0, SPKI = 1, PKCS8 = 2, PARTS = 3;

const base64 = (bytes) => native.base64Url(bytes);
const out = (got) => {
  if (typeof got === "number") throw failure(got);
  return got;
};

const reset = (usages) => {
  const all = [];
  for (let at = 0; at < usages.length; at++) all[at] = usages[at];
  return all;
};

function exportSecret(facts, format) {
  const { name, algorithm, handle, usages } = facts;
  const isHmac = name === "HMAC";
  if (format !== "raw" && format !== "jwk") {
    throw dom(
      "NotSupportedError",
      isHmac
        ? `Unimplemented key export format "${format}".`
        : `${name} key only supports exporting "raw", "raw-secret" & "jwk", not "${format}".`,
    );
  }
  if (format === "jwk" && isHmac && !algorithm.hash.name.startsWith("SHA-")) {
    throw dom(
      "NotSupportedError",
      `Unimplemented JWK key export format for key algorithm "${algorithm.hash.name}".`,
    );
  }
  return after(native.cryptoExport(handle, RAW, 1 << 20), (got) => {
    const bytes = out(got);
    if (format === "raw") return bytes;
    const alg = isHmac ? `HS${algorithm.hash.name.slice(4)}` : `A${bytes.byteLength * 8}${name.slice(4)}`;
    return { ...none(), kty: "oct", key_ops: reset(usages), alg, ext: true, k: base64(bytes) };
  });
}

// All members of a JWK, in their order: the field's have those too that are not told.
const NONE = { __proto__: null };
for (const name of ["kty", "use", "key_ops", "alg", "ext", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "oth", "k", "pub", "priv"]) {
  NONE[name] = undefined;
}

const FEW = {};
const none = () => (flag("enable_fast_jsg_struct") ? NONE : FEW);

// The "alg" of an RSA key.
function rsaAlg(name, hash) {
  if (!hash.startsWith("SHA")) {
    throw dom("NotSupportedError", `JWK export not supported for hash algorithm "${hash}".`);
  }
  const bits = hash.slice(4);
  if (name === "RSA-OAEP") return hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${bits}`;
  return (name === "RSA-PSS" ? "PS" : "RS") + bits;
}

function rsaJwk(facts) {
  const { name, algorithm, handle, usages } = facts;
  if (algorithm.hash === undefined) throw dom("NotSupportedError", `JWK export not supported for "${name}".`);
  const alg = rsaAlg(name, algorithm.hash.name);
  return after(native.cryptoExport(handle, PARTS, 0), (got) => {
    const [n, e, d, p, q, dp, dq, qi] = out(got);
    const jwk = { ...none(), kty: "RSA", key_ops: reset(usages), alg, ext: true };
    if (d !== undefined) jwk.d = base64(d);
    jwk.n = base64(n);
    jwk.e = base64(e);
    if (d !== undefined) {
      jwk.p = base64(p);
      jwk.q = base64(q);
      jwk.dp = base64(dp);
      jwk.dq = base64(dq);
      jwk.qi = base64(qi);
    }
    return jwk;
  });
}

function curveJwk(facts) {
  const { name, algorithm, handle, usages } = facts;
  const isFlat = name !== "ECDSA" && name !== "ECDH";
  return after(native.cryptoExport(handle, PARTS, 0), (got) => {
    const [x, y, d] = out(got);
    const jwk = { ...none(), kty: isFlat ? "OKP" : "EC", key_ops: reset(usages) };
    if (name === "Ed25519") jwk.alg = "EdDSA";
    jwk.ext = true;
    jwk.crv = !isFlat ? algorithm.namedCurve : name === "X25519" ? "X25519" : "Ed25519";
    jwk.x = base64(x);
    if (!isFlat) jwk.y = base64(y);
    if (d !== undefined) jwk.d = base64(d);
    return jwk;
  });
}

const RSA = { "RSASSA-PKCS1-v1_5": 1, "RSA-PSS": 1, "RSA-OAEP": 1, "RSA-RAW": 1 };
const { hasOwn } = Object;

function exportHalf(facts, format) {
  const { name, type, handle } = facts;
  const isRsa = hasOwn(RSA, name);
  let form;
  if (format === "pkcs8") {
    if (type !== "private") {
      throw dom("InvalidAccessError", `Asymmetric pkcs8 export requires private key (not "${type}").`);
    }
    form = PKCS8;
  } else if (format === "spki") {
    if (type !== "public") {
      throw dom("InvalidAccessError", `Asymmetric spki export requires public key (not "${type}").`);
    }
    form = SPKI;
  } else if (format === "jwk") {
    return isRsa ? rsaJwk(facts) : curveJwk(facts);
  } else if (format === "raw" && !isRsa) {
    if (type !== "public") {
      const keys = name === "ECDSA" || name === "ECDH" ? "elliptic curve keys" : `${name} keys`;
      throw dom("InvalidAccessError", `Raw export of ${keys} is only allowed for public keys.`);
    }
    form = RAW;
  } else {
    throw dom("InvalidAccessError", `Cannot export "${name}" in "${format}" format.`);
  }
  return after(native.cryptoExport(handle, form, 0), out);
}

// What a key is written as: an ArrayBuffer or a JSON Web Key, or a promise of one.
export function exportKey(key, format) {
  const facts = factsOf(key);
  if (!facts.extractable) throw dom("InvalidAccessError", `Attempt to export non-extractable ${facts.name} key.`);
  return facts.type === "secret" ? exportSecret(facts, format) : exportHalf(facts, format);
}
