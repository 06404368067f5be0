// What is done with keys: signing, verifying, encrypting, decrypting, deriving.
import native from "internal:native";
import { STATUS, dom, failure, hashOf, missing, settled, statusOf, upper } from "internal:crypto/arguments";
import { after } from "internal:crypto/import";
import { factsOf } from "internal:crypto/key";

// As the natives number them.
const HMAC = 0, PKCS1 = 1, PSS = 2, ECDSA = 3, EDDSA = 4, RSA_RAW = 5;
const CBC = 0, CTR = 1, GCM = 2, KW = 3, OAEP = 4;
const AGREEMENT = 0, HKDF = 1, PBKDF2 = 2;

// ---- Signatures ----

const NO_SALT = "Failed to provide salt for RSA-PSS key operation which requires a salt";
const negative = (salt) => dom("DataError", `SaltLength for RSA-PSS must be non-negative (provided ${salt}).`);

// [how, hash, salt]
function signing(facts, algorithm, signs) {
  const { name, algorithm: of } = facts;
  switch (name) {
    case "HMAC":
      return [HMAC, hashOf(of.hash.name)[0], 0];
    case "RSASSA-PKCS1-v1_5":
    case "RSA-PSS": {
      const [hash, , size] = hashOf(of.hash.name);
      const modulus = of.modulusLength / 8;
      if (name === "RSASSA-PKCS1-v1_5") {
        if (signs && size + 32 > modulus) {
          throw dom(
            "OperationError",
            `key too small for signing with given digest, need at least ${8 * (size + 32)}bits.`,
          );
        }
        return [PKCS1, hash, 0];
      }
      const { saltLength: salt } = algorithm;
      if (salt === undefined) throw signs ? dom("DataError", NO_SALT) : new TypeError(NO_SALT);
      if (salt < 0) throw negative(salt);
      if (signs) {
        if (size + 2 > modulus) throw dom("OperationError", "key too small for signing with given digest");
        if (salt > modulus - size - 2) {
          throw dom("OperationError", "key too small for signing with given digest and salt length");
        }
      }
      return [PSS, hash, salt];
    }
    case "ECDSA": {
      if (algorithm.hash === undefined) {
        throw new TypeError(
          'Missing "hash" in AlgorithmIdentifier. (ECDSA requires that the hash algorithm be specified at call time rather than on the key. This differs from other WebCrypto algorithms for historical reasons.)',
        );
      }
      const [hash, normal] = hashOf(algorithm.hash);
      if (normal === "MD5") throw dom("NotSupportedError", "ECDSA with MD5 is not supported.");
      return [ECDSA, hash, 0];
    }
    case "Ed25519":
    case "NODE-ED25519":
      return [EDDSA, 4, 0];
    case "RSA-RAW":
      return [RSA_RAW, 2, 0];
    default:
      throw dom("NotSupportedError", `The ${signs ? "sign" : "verify"} operation is not implemented for "${name}".`);
  }
}

export function sign(facts, algorithm, data) {
  const [how, hash, salt] = signing(facts, algorithm, true);
  if (how === RSA_RAW) checkBlind(facts, native.byteLength(data));
  return after(native.cryptoSign(facts.handle, how, hash, salt, data), (got) => {
    if (how === RSA_RAW && typeof got === "number" && statusOf(got) === STATUS.TOO_LONG) {
      throw dom(
        "DataError",
        "Blind Signing requires presigned data value to be strictly smaller than RSA keymodulus, consider using a larger key size.",
      );
    }
    return settled(got);
  });
}

function checkBlind(facts, length) {
  const size = facts.algorithm.modulusLength / 8;
  if (length > size) {
    throw dom(
      "DataError",
      `Blind Signing requires presigned data (${length} bytes) to be smaller than the key (${size} bytes).`,
    );
  }
  if (length < size) throw dom("OperationError", "Invalid RSA signature.");
}

export function verify(facts, algorithm, signature, data) {
  const [how, hash, salt] = signing(facts, algorithm, false);
  if (how === RSA_RAW) {
    throw dom("NotSupportedError", 'The verify operation is not implemented for "RSA-RAW".');
  }
  if (how === EDDSA && native.byteLength(signature) !== 64) {
    throw dom("OperationError", `Invalid ${facts.name} signature length ${native.byteLength(signature)}`);
  }
  return after(native.cryptoVerify(facts.handle, how, hash, salt, data, signature), settled);
}

// ---- Ciphers ----

const decryptionFailed = (name, input, expected) =>
  dom(
    "OperationError",
    `Decryption failed. This could be due to a ciphertext authentication failure, bad padding, incorrect CryptoKey, or another algorithm-specific reason. Input length was ${input}, output length expected to be ${expected} for ${name}`,
  );

// `encrypts` says which way; `verb` is what is told where that is not implemented; `keeps` makes a
// key of what is decrypted.
function crypt(facts, algorithm, data, encrypts, keeps) {
  switch (facts.name) {
    case "AES-GCM":
      return gcm(facts, algorithm, data, encrypts, keeps);
    case "AES-CBC":
      return cbc(facts, algorithm, data, encrypts, keeps);
    case "AES-CTR":
      return ctr(facts, algorithm, data, encrypts, keeps);
    case "RSA-OAEP":
      return oaep(facts, algorithm, data, encrypts, keeps);
    default:
      throw dom(
        "NotSupportedError",
        `The ${encrypts ? "encrypt" : "decrypt"} operation is not implemented for "${facts.name}".`,
      );
  }
}

function gcm(facts, algorithm, data, encrypts, keeps) {
  const { iv, additionalData, tagLength: tag = 128 } = algorithm;
  if (iv === undefined) throw missing("iv");
  if (native.byteLength(iv) === 0) throw dom("OperationError", "AES-GCM IV must not be empty.");
  if (tag !== 128 && tag !== 32 && tag !== 64 && tag !== 96 && tag !== 104 && tag !== 112 && tag !== 120) {
    throw dom("OperationError", `Invalid AES-GCM tag length ${tag}.`);
  }
  const length = native.byteLength(data);
  if (!encrypts && length < tag / 8) {
    throw dom(
      "OperationError",
      `Ciphertext length of ${length * 8} bits must be greater than or equal to the size of the AES-GCM tag length of ${tag} bits.`,
    );
  }
  return after(native.cryptoCipher(encrypts, facts.handle, GCM, 0, iv, additionalData, tag, data, keeps), (got) => {
    if (typeof got === "number" && statusOf(got) === STATUS.BAD_DATA) {
      const text = length - tag / 8;
      throw decryptionFailed(facts.name, text, text);
    }
    return settled(got);
  });
}

function cbc(facts, algorithm, data, encrypts, keeps) {
  const { iv } = algorithm;
  if (iv === undefined) throw missing("iv");
  const size = native.byteLength(iv);
  if (size !== 16) {
    throw dom("OperationError", `AES-CBC IV must be 16 bytes long (provided ${size}${encrypts ? " bytes" : ""}).`);
  }
  return after(native.cryptoCipher(encrypts, facts.handle, CBC, 0, iv, undefined, 0, data, keeps), (got) => {
    if (typeof got === "number" && statusOf(got) === STATUS.BAD_DATA) {
      const length = native.byteLength(data);
      const rest = length % 16;
      throw decryptionFailed(facts.name, length, rest === 0 ? Math.max(length - 16, 0) : length - rest);
    }
    return settled(got);
  });
}

function ctr(facts, algorithm, data, encrypts, keeps) {
  const { counter, length } = algorithm;
  if (counter === undefined) throw new TypeError('Missing "counter" member in "algorithm".');
  const size = native.byteLength(counter);
  if (size !== 16) throw dom("OperationError", `Counter must have length of 16 bytes (provided ${size}).`);
  if (length === undefined) throw new TypeError('Missing "length" member in "algorithm".');
  if (length <= 0 || length > 128) throw dom("OperationError", `Invalid counter of ${length} bits length provided.`);
  return after(native.cryptoCipher(encrypts, facts.handle, CTR, 0, counter, undefined, length, data, keeps), (got) => {
    if (typeof got === "number" && statusOf(got) === STATUS.TOO_LONG) {
      throw dom("OperationError", "Counter block values will repeat.");
    }
    return settled(got);
  });
}

const OAEP_FAILED = "RSA-OAEP failed encrypt/decrypt";

function oaep(facts, algorithm, data, encrypts, keeps) {
  const { algorithm: of, handle } = facts;
  const [hash] = hashOf(of.hash.name);
  if (!encrypts && native.byteLength(data) !== of.modulusLength / 8) {
    throw dom("OperationError", `${OAEP_FAILED}: Invalid RSA signature..`);
  }
  return after(native.cryptoCipher(encrypts, handle, OAEP, hash, algorithm.label, undefined, 0, data, keeps), (got) => {
    const status = typeof got === "number" ? statusOf(got) : 0;
    if (status === STATUS.BAD_DATA || status === STATUS.TOO_LONG) throw dom("OperationError", `${OAEP_FAILED}.`);
    return settled(got);
  });
}

export const encrypt = (facts, algorithm, data) => crypt(facts, algorithm, data, true, false);
export const decrypt = (facts, algorithm, data) => crypt(facts, algorithm, data, false, false);

// A key written out, encrypted.
export function wrap(facts, algorithm, data) {
  if (facts.name !== "AES-KW") return crypt(facts, algorithm, data, true, false);
  const length = native.byteLength(data);
  if (length % 8 !== 0) {
    throw dom(
      "OperationError",
      `Unwrapped key bit length must be a multiple of 64 bits but unwrapped key has a length of ${length * 8} bits.`,
    );
  }
  if (length < 16) {
    throw dom(
      "OperationError",
      `Unwrapped key has length ${length} bytes but it should be greater than or equal to 16 and less than or equal to 18446744073709551607`,
    );
  }
  return after(native.cryptoCipher(true, facts.handle, KW, 0, undefined, undefined, 0, data, false), (got) => {
    if (typeof got === "number") throw dom("OperationError", "AES-KW key wrapping failed.");
    return got;
  });
}

// The bytes again, or with `keeps` a secret that stays with the host.
export function unwrap(facts, algorithm, data, keeps) {
  if (facts.name !== "AES-KW") return after(crypt(facts, algorithm, data, false, keeps), keeps ? secret : same);
  const length = native.byteLength(data);
  if (length % 8 !== 0) {
    throw dom(
      "OperationError",
      `Provided a wrapped key to unwrap that is ${length * 8} bits which isn't a multiple of 64 bits.`,
    );
  }
  if (length < 24) {
    throw dom(
      "OperationError",
      `Provided a wrapped key to unwrap this is ${length * 8} bits that is less than the minimal length of 192 bits.`,
    );
  }
  return after(native.cryptoCipher(false, facts.handle, KW, 0, undefined, undefined, 0, data, keeps), (got) => {
    if (typeof got === "number") {
      throw statusOf(got) === STATUS.FULL ? failure(got) : dom("OperationError", "AES-KW key unwrapping failed.");
    }
    return keeps ? secret(got) : got;
  });
}

const same = (value) => value;
// A secret that the host has: what importing takes for bytes.
const secret = ([handle, , , length]) => ({ handle, secret: length });

// ---- Derivation ----

// Bits, or with `keeps` a secret of them; `length` is undefined for as many as there are.
export function derive(facts, algorithm, length, keeps) {
  switch (facts.name) {
    case "ECDH":
    case "X25519":
      return agree(facts, algorithm, length, keeps);
    case "HKDF":
      return hkdf(facts, algorithm, length, keeps);
    case "PBKDF2":
      return pbkdf2(facts, algorithm, length, keeps);
    default:
      throw dom(
        "NotSupportedError",
        `The deriveKey and deriveBits operations are not implemented for "${facts.name}".`,
      );
  }
}

const give = (keeps) => (got) => (keeps ? secret(settled(got)) : settled(got));

function agree(facts, algorithm, length, keeps) {
  const { name, type, algorithm: of, handle } = facts;
  if (type !== "private") {
    throw dom("InvalidAccessError", `The deriveBits operation is only valid for a private key, not "${type}".`);
  }
  if (algorithm.public === undefined) throw missing("public", "derivedKeyParams");
  const other = factsOf(algorithm.public);
  if (other.type !== "public") {
    throw dom("InvalidAccessError", `The provided key has type "${other.type}", not "public"`);
  }
  if (shapeOf(of) !== shapeOf(other.algorithm)) {
    throw dom(
      "InvalidAccessError",
      `Base ${name} private key cannot be used to derive a key from a peer ${other.name} public key`,
    );
  }
  if (name !== other.name) {
    throw dom(
      "InvalidAccessError",
      `Private key for derivation is using "${name}" while public key is using "${other.name}".`,
    );
  }
  if (of.namedCurve !== other.algorithm.namedCurve) {
    throw dom(
      "InvalidAccessError",
      `Private key for derivation is using curve "${of.namedCurve}" while public key is using "${other.algorithm.namedCurve}".`,
    );
  }
  const most = SHARED[of.namedCurve ?? name];
  if (length > most) {
    throw dom("OperationError", `Derived key length (${length} bits) is too long (should be at most ${most} bits).`);
  }
  return after(
    native.cryptoDerive(handle, AGREEMENT, 0, undefined, undefined, 0, length ?? -1, other.handle, keeps),
    (got) => {
      if (typeof got === "number" && statusOf(got) === STATUS.SMALL_ORDER) {
        throw dom("OperationError", "Failed to derive EDDH key: public key routines INVALID_PEER_KEY.");
      }
      return give(keeps)(got);
    },
  );
}

// Bits of the secrets that curves give.
const SHARED = { "P-256": 256, "P-384": 384, "P-521": 528, X25519: 256 };

// What keys of a family have in common.
const shapeOf = (algorithm) =>
  algorithm.namedCurve !== undefined ? "curve" : algorithm.modulusLength !== undefined ? "rsa" : "name";

// [hash, its size, salt]
function stretching(algorithm) {
  if (algorithm.hash === undefined) throw missing("hash");
  const [hash, , size] = hashOf(algorithm.hash);
  if (algorithm.salt === undefined) throw missing("salt");
  return [hash, size, algorithm.salt];
}

function bytesOf(name, length) {
  if (length === undefined) throw dom("OperationError", `${name} cannot derive a key with null length.`);
  if (length % 8 !== 0) {
    throw dom("OperationError", `${name} requires a derived key length that is a multiple of eight (requested ${length}).`);
  }
  return length / 8;
}

function hkdf(facts, algorithm, length, keeps) {
  const [hash, size, salt] = stretching(algorithm);
  if (algorithm.info === undefined) throw missing("info");
  const bytes = bytesOf("HKDF", length);
  if (bytes > 255 * size) throw dom("OperationError", "HKDF deriveBits failed.");
  return after(
    native.cryptoDerive(facts.handle, HKDF, hash, salt, algorithm.info, 0, bytes, undefined, keeps),
    give(keeps),
  );
}

const ITERATIONS_MAX = 100000;

function pbkdf2(facts, algorithm, length, keeps) {
  const [hash, size, salt] = stretching(algorithm);
  const { iterations } = algorithm;
  if (iterations === undefined) throw missing("iterations");
  const bytes = bytesOf("PBKDF2", length);
  if (iterations <= 0) {
    throw dom("OperationError", `PBKDF2 requires a positive iteration count (requested ${iterations}).`);
  }
  if (iterations > ITERATIONS_MAX) {
    throw dom(
      "NotSupportedError",
      `Pbkdf2 failed: iteration counts above ${ITERATIONS_MAX} are not supported (requested ${iterations}).`,
    );
  }
  if (bytes > 255 * size) {
    throw dom("OperationError", "Pbkdf2 failed: derived key length exceeds maximum for this hash");
  }
  return after(
    native.cryptoDerive(facts.handle, PBKDF2, hash, salt, undefined, iterations, bytes, undefined, keeps),
    give(keeps),
  );
}

// Bits of the key that deriveKey() is asked for.
export function derivedLength(algorithm) {
  const name = upper(algorithm.name);
  switch (name) {
    case "AES-CTR":
    case "AES-CBC":
    case "AES-GCM":
    case "AES-KW": {
      const { length } = algorithm;
      if (length === undefined) throw missing("length", "derivedKeyParams");
      if (length !== 128 && length !== 192 && length !== 256) {
        throw dom(
          "OperationError",
          `Derived AES key must be 128, 192, or 256 bits in length but provided ${length}.`,
        );
      }
      return length;
    }
    case "HMAC": {
      const { length, hash } = algorithm;
      if (length !== undefined) {
        if (length > 0) return length;
        throw new TypeError("HMAC key length must be a non-zero unsigned long integer.");
      }
      if (hash === undefined) throw missing("hash", "derivedKeyParams");
      return hashOf(hash)[3] * 8;
    }
    case "HKDF":
    case "PBKDF2":
      return undefined;
    default:
      throw dom("NotSupportedError", `Unrecognized derived key type "${algorithm.name}" requested.`);
  }
}
