// Keys made.
import native from "internal:native";
import { insideHandler } from "internal:errors";
import { ED25519, STATUS, X25519, curveOf, dom, failure, hashOf, missing, settled, statusOf } from "internal:crypto/arguments";
import { HUGE_EXPONENT, after, checkModulus, edwards, small, spelling } from "internal:crypto/import";
import { CIPHERING, DERIVING, PRIVATE, PUBLIC, SIGNING, WRAPPING, both, makeKey, usagesOf } from "internal:crypto/key";

const SECRET = 0, RSA = 1, EC = 2;
const RSA_BITS_MAX = 4096;

function generateAes(name, algorithm, extractable, wanted) {
  const usages = usagesOf(name, "generate", wanted, name === "AES-KW" ? WRAPPING : CIPHERING);
  const { length } = algorithm;
  if (length === undefined) throw missing("length");
  if (length !== 128 && length !== 192 && length !== 256) {
    throw dom("OperationError", `Generated AES key length must be 128, 192, or 256 bits but requested ${length}.`);
  }
  return secret(length, extractable, { name, length }, usages);
}

function generateHmac(name, algorithm, extractable, wanted) {
  if (algorithm.hash === undefined) throw missing("hash");
  const [, hash, , block] = hashOf(algorithm.hash);
  const usages = usagesOf(name, "generate", wanted, SIGNING);
  const length = algorithm.length ?? block * 8;
  if (length <= 0) {
    throw dom("OperationError", `HMAC key length must be a non-zero unsigned long integer (requested ${length}).`);
  }
  return secret(length, extractable, { name, hash: { name: hash }, length: length & 0xffff }, usages);
}

function secret(bits, extractable, algorithm, usages) {
  insideHandler();
  return after(native.cryptoGenerate(SECRET, bits), (got) => {
    const [handle] = settled(got);
    if (usages.length === 0) throw dom("SyntaxError", "Secret/private CryptoKeys must have at least one usage.");
    return makeKey(handle, "secret", extractable, algorithm, usages);
  });
}

const NO_PRIVATE_USAGE = "Attempt to generate asymmetric keys with no valid private key usages.";

// Both keys, unless nothing could be done with the private one. `describe` gives each its algorithm.
function pair(kind, number, exponent, extractable, describe, usages, publicUsages = both(usages, PUBLIC)) {
  const privateUsages = both(usages, PRIVATE);
  if (privateUsages.length === 0) throw dom("SyntaxError", NO_PRIVATE_USAGE);
  return after(native.cryptoGenerate(kind, number, exponent), (got) => {
    if (typeof got === "number") {
      throw kind === RSA && statusOf(got) === STATUS.UNSUPPORTED_KEY
        ? dom("OperationError", "RSA key size is too small.")
        : failure(got);
    }
    return {
      publicKey: makeKey(got[5], "public", true, describe(), publicUsages),
      privateKey: makeKey(got[0], "private", extractable, describe(), privateUsages),
    };
  });
}

function generateRsa(name, algorithm, extractable, wanted) {
  const { publicExponent, modulusLength } = algorithm;
  if (publicExponent === undefined) throw missing("publicExponent");
  if (algorithm.hash === undefined) throw missing("hash");
  if (modulusLength === undefined) throw missing("modulusLength");
  if (modulusLength <= 0) {
    throw dom("OperationError", `modulusLength must be greater than zero (requested ${modulusLength}).`);
  }
  const [, hash] = hashOf(algorithm.hash);
  const usages = usagesOf(name, "generate", wanted, name === "RSA-OAEP" ? CIPHERING : SIGNING);
  checkModulus(modulusLength);
  const exponent = new Uint8Array(native.bytesOf(publicExponent));
  const value = small(exponent);
  if (value === undefined) throw dom("OperationError", HUGE_EXPONENT);
  if (value !== 3 && value !== 65537) {
    throw dom("OperationError", `The "publicExponent" must be either 3 or 65537, but got ${value}.`);
  }
  if (modulusLength % 128 !== 0) {
    throw dom("OperationError", "Can't generate key: RSA key size is required to be a multiple of 128");
  }
  if (modulusLength < 512) throw dom("OperationError", "RSA key size is too small.");
  if (modulusLength > RSA_BITS_MAX) {
    throw dom("OperationError", `RSA keys of more than ${RSA_BITS_MAX} bits are not supported, but ${modulusLength} was requested.`);
  }
  const describe = () => ({ name, modulusLength, publicExponent: new Uint8Array(exponent), hash: { name: hash } });
  return pair(RSA, modulusLength, value, extractable, describe, usages);
}

function generateEc(name, algorithm, extractable, wanted) {
  const usages = usagesOf(name, "generate", wanted, name === "ECDSA" ? SIGNING : DERIVING);
  if (algorithm.namedCurve === undefined) throw missing("namedCurve");
  const [curve, namedCurve] = curveOf(algorithm.namedCurve);
  return pair(EC, curve, 0, extractable, () => ({ name, namedCurve }), usages);
}

function generateEdwards(name, algorithm, extractable, wanted) {
  const agrees = name === "X25519";
  const usages = usagesOf(name, "generate", wanted, agrees ? DERIVING : SIGNING);
  const described = edwards(name, algorithm);
  return pair(EC, agrees ? X25519 : ED25519, 0, extractable, () => ({ ...described }), usages);
}

const GENERATORS = {
  "AES-CTR": generateAes,
  "AES-CBC": generateAes,
  "AES-GCM": generateAes,
  "AES-KW": generateAes,
  HMAC: generateHmac,
  "RSASSA-PKCS1-v1_5": generateRsa,
  "RSA-PSS": generateRsa,
  "RSA-OAEP": generateRsa,
  ECDSA: generateEc,
  ECDH: generateEc,
  "NODE-ED25519": generateEdwards,
  Ed25519: generateEdwards,
  X25519: generateEdwards,
};

// A CryptoKey or a pair, or a promise of it.
export function generateKey(algorithm, extractable, wanted) {
  const name = spelling(algorithm.name);
  const generate = name === undefined ? undefined : GENERATORS[name];
  if (generate === undefined) {
    throw dom("NotSupportedError", `Unrecognized key generation algorithm "${algorithm.name}" requested.`);
  }
  return generate(name, algorithm, extractable, wanted);
}
