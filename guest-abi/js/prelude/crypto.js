// Web Crypto (spec: SEMANTICS §30): crypto, crypto.subtle.
import native from "internal:native";
import { insideHandler } from "internal:errors";
import { illegalConstructor, platform, promising, wrongParameter } from "internal:platform";
import { ILLEGAL } from "internal:shape";
import {
  algorithmAt,
  bytesAt,
  dom,
  hashOf,
  integer,
  jsonWebKey,
  keyAt,
  keyDataAt,
  settled,
  textAt,
  textsAt,
  truthAt,
} from "internal:crypto/arguments";
import { CryptoKey, allow } from "internal:crypto/key";
import { after, importKey } from "internal:crypto/import";
import { exportKey } from "internal:crypto/export";
import { generateKey } from "internal:crypto/generate";
import { decrypt, derive, derivedLength, encrypt, sign, unwrap, verify, wrap } from "internal:crypto/work";
import { DigestStream } from "internal:crypto/digest_stream";

const MAKE = {};
const { parse, stringify } = JSON;

// Methods are async so that whatever they throw becomes a promise; they wait for nothing that the
// host has done at once.
let own, ownCrypto;

export class SubtleCrypto {
  #own = true;
  constructor(make) {
    if (make !== MAKE) throw illegalConstructor();
  }

  async encrypt() {
    const algorithm = algorithmAt("encrypt", arguments, 1, "EncryptAlgorithm");
    const key = keyAt("encrypt", arguments, 2);
    const data = bytesAt("encrypt", arguments, 3);
    return encrypt(allow(key, algorithm.name, "encrypt"), algorithm, data);
  }

  async decrypt() {
    const algorithm = algorithmAt("decrypt", arguments, 1, "EncryptAlgorithm");
    const key = keyAt("decrypt", arguments, 2);
    const data = bytesAt("decrypt", arguments, 3);
    return decrypt(allow(key, algorithm.name, "decrypt"), algorithm, data);
  }

  async sign() {
    const algorithm = algorithmAt("sign", arguments, 1, "SignAlgorithm");
    const key = keyAt("sign", arguments, 2);
    const data = bytesAt("sign", arguments, 3);
    return sign(allow(key, algorithm.name, "sign"), algorithm, data);
  }

  async verify() {
    const algorithm = algorithmAt("verify", arguments, 1, "SignAlgorithm");
    const key = keyAt("verify", arguments, 2);
    const signature = bytesAt("verify", arguments, 3);
    const data = bytesAt("verify", arguments, 4);
    return verify(allow(key, algorithm.name, "verify"), algorithm, signature, data);
  }

  async digest() {
    const { name } = algorithmAt("digest", arguments, 1, "HashAlgorithm");
    const data = bytesAt("digest", arguments, 2);
    return after(native.cryptoDigest(hashOf(name)[0], data), settled);
  }

  async generateKey() {
    const algorithm = algorithmAt("generateKey", arguments, 1, "GenerateKeyAlgorithm");
    const extractable = truthAt("generateKey", arguments, 2);
    const usages = textsAt("generateKey", arguments, 3);
    return generateKey(algorithm, extractable, usages);
  }

  async deriveKey() {
    const algorithm = algorithmAt("deriveKey", arguments, 1, "DeriveKeyAlgorithm");
    const key = keyAt("deriveKey", arguments, 2);
    const wanted = algorithmAt("deriveKey", arguments, 3, "ImportKeyAlgorithm");
    const extractable = truthAt("deriveKey", arguments, 4);
    const usages = textsAt("deriveKey", arguments, 5);
    const facts = allow(key, algorithm.name, "deriveKey");
    return after(derive(facts, algorithm, derivedLength(wanted), true), (secret) =>
      importKey("raw", secret, wanted, extractable, usages),
    );
  }

  async deriveBits() {
    const algorithm = algorithmAt("deriveBits", arguments, 1, "DeriveKeyAlgorithm");
    const key = keyAt("deriveBits", arguments, 2);
    const value = arguments[2];
    const length = value === undefined || value === null ? undefined : integer(value);
    if (length < 0) throw new TypeError("deriveBits length must be an unsigned long integer.");
    return derive(allow(key, algorithm.name, "deriveBits"), algorithm, length, false);
  }

  async importKey() {
    const format = textAt("importKey", arguments, 1);
    const data = keyDataAt("importKey", arguments, 2);
    const algorithm = algorithmAt("importKey", arguments, 3, "ImportKeyAlgorithm");
    const extractable = truthAt("importKey", arguments, 4);
    const usages = textsAt("importKey", arguments, 5);
    return importKey(format, data, algorithm, extractable, usages);
  }

  async exportKey() {
    const format = textAt("exportKey", arguments, 1);
    return exportKey(keyAt("exportKey", arguments, 2), format);
  }

  async wrapKey() {
    const format = textAt("wrapKey", arguments, 1);
    const key = keyAt("wrapKey", arguments, 2);
    const wrapping = keyAt("wrapKey", arguments, 3);
    const algorithm = algorithmAt("wrapKey", arguments, 4, "EncryptAlgorithm");
    const facts = allow(wrapping, algorithm.name, "wrapKey");
    return after(exportKey(key, format), (written) =>
      wrap(facts, algorithm, format === "jwk" ? native.bytesOf(stringify(written)) : written),
    );
  }

  async unwrapKey() {
    const format = textAt("unwrapKey", arguments, 1);
    const wrapped = bytesAt("unwrapKey", arguments, 2);
    const unwrapping = keyAt("unwrapKey", arguments, 3);
    const algorithm = algorithmAt("unwrapKey", arguments, 4, "EncryptAlgorithm");
    const wanted = algorithmAt("unwrapKey", arguments, 5, "ImportKeyAlgorithm");
    const extractable = truthAt("unwrapKey", arguments, 6);
    const usages = textsAt("unwrapKey", arguments, 7);
    const facts = allow(unwrapping, algorithm.name, "unwrapKey");
    const isSecret = format === "raw" && SECRETS.test(wanted.name);
    return after(unwrap(facts, algorithm, wrapped, isSecret), (bytes) => {
      let data = bytes;
      if (format === "jwk") {
        const value = parse(native.utf8Text(bytes));
        if (typeof value !== "object" && value !== undefined) {
          throw dom("DataError", 'Missing "kty" field or corrupt JSON unwrapping key?');
        }
        data = { jwk: jsonWebKey(value) };
      }
      return importKey(format, data, wanted, extractable, usages);
    });
  }

  timingSafeEqual() {
    own(this);
    const a = bytesAt("timingSafeEqual", arguments, 1);
    const b = bytesAt("timingSafeEqual", arguments, 2);
    if (native.byteLength(a) !== native.byteLength(b)) {
      throw new TypeError("Input buffers must have the same byte length.");
    }
    return native.timingSafeEqual(a, b);
  }

  static {
    own = (value) => {
      if (typeof value !== "object" || value === null || !(#own in value)) throw new TypeError(ILLEGAL);
    };
  }
}

promising(SubtleCrypto, (subtle) => own(subtle), [
  "encrypt", "decrypt", "sign", "verify", "digest", "generateKey", "deriveKey", "deriveBits", "importKey", "exportKey",
  "wrapKey", "unwrapKey",
]);

// Algorithms whose raw keys are secrets: what is unwrapped for them need not leave the host.
const SECRETS = /^(AES-(CTR|CBC|GCM|KW)|PBKDF2|HKDF)$/i;

const INTEGERS = new Set(
  [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array].map(
    (type) => type.name,
  ),
);
const typeOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const reflect = Reflect.apply;
const RANDOM_MAX = 65536;

export class Crypto {
  #subtle;
  constructor(make) {
    if (make !== MAKE) throw illegalConstructor();
    this.#subtle = new SubtleCrypto(MAKE);
  }

  get subtle() {
    ownCrypto(this);
    return this.#subtle;
  }

  getRandomValues(view) {
    ownCrypto(this);
    if (!isView(view)) throw wrongParameter("getRandomValues", "Crypto", 1, "ArrayBufferView");
    const type = reflect(typeOf, view, []);
    if (!INTEGERS.has(type)) {
      throw dom("TypeMismatchError", "ArrayBufferView argument to getRandomValues() must be an integer-typed view.");
    }
    const size = native.byteLength(view);
    if (size > RANDOM_MAX) {
      throw dom("QuotaExceededError", `getRandomValues() only accepts buffers of size <= 64K but provided ${size} bytes.`);
    }
    insideHandler();
    native.randomFill(view);
    return view;
  }

  randomUUID() {
    ownCrypto(this);
    insideHandler();
    return native.randomUuid();
  }

  static {
    ownCrypto = (value) => {
      if (typeof value !== "object" || value === null || !(#subtle in value)) throw new TypeError(ILLEGAL);
    };
  }
}
platform(SubtleCrypto);
Object.defineProperty(Crypto.prototype, "DigestStream", {
  value: DigestStream,
  writable: true,
  enumerable: true,
  configurable: true,
});
platform(Crypto);

export const crypto = new Crypto(MAKE);

export const globals = { Crypto, SubtleCrypto, CryptoKey };
const named = { crypto };
export { named as own };
