// Keys taken in: from bytes, from DER, from JSON Web Keys.
import native from "internal:native";
import {
  ED25519,
  STATUS,
  X25519,
  curveOf,
  detailOf,
  dom,
  failure,
  hashOf,
  isBytes,
  isLater,
  missing,
  settled,
  statusOf,
  upper,
} from "internal:crypto/arguments";
import { CIPHERING, DERIVING, PRIVATE, PUBLIC, SIGNING, WRAPPING, both, makeKey, usagesOf } from "internal:crypto/key";

const { hasOwn } = Object;
const { sort } = Array.prototype;
const reflect = Reflect.apply;

// Kinds of sources and of keys, as the natives number them.
const SECRET = 0, POINT = 1, SPKI = 2, PKCS8 = 3;
const RSA = 1, EC = 2;

const unrecognizedFormat = (format) => dom("NotSupportedError", `Unrecognized key import format "${format}".`);

const base64 = (text, message) => {
  const bytes = text === undefined ? null : native.base64UrlBytes(text);
  if (bytes === null) throw dom("DataError", message);
  return bytes;
};

// ---- Secrets ----

const AES_LENGTH = (bits) =>
  dom("DataError", `Imported AES key length must be 128, 192, or 256 bits but provided ${bits}.`);

function aesBytes(name, jwk, usages, extractable) {
  if (jwk.kty !== "oct") {
    throw dom(
      "DataError",
      `Symmetric "jwk" key import requires a JSON Web Key with Key Type parameter "kty" equal to "oct" (encountered "${jwk.kty}").`,
    );
  }
  const bytes = base64(jwk.k, 'Symmetric "jwk" key import requires a base64Url encoding of the key.');
  const bits = bytes.length * 8;
  if (bits !== 128 && bits !== 192 && bits !== 256) throw AES_LENGTH(bits);
  const expected = `A${bits}${name.slice(4)}`;
  if (jwk.alg !== undefined && jwk.alg !== expected) {
    throw dom("DataError", `Symmetric "jwk" key contains invalid "alg" value "${jwk.alg}", expected "${expected}".`);
  }
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== "enc") {
    throw dom("DataError", `Symmetric "jwk" key must have a "use" of "enc", not "${jwk.use}".`);
  }
  if (jwk.key_ops !== undefined) {
    const twice = duplicate(jwk.key_ops);
    if (twice !== undefined) {
      throw dom("DataError", `Symmetric "jwk" key contains duplicate value "${twice}", in "key_op".`);
    }
    for (const usage of usages) {
      if (!jwk.key_ops.includes(usage)) throw dom("DataError", `"jwk" key missing usage "${usage}", in "key_ops".`);
    }
  }
  return bytes;
}

function duplicate(list) {
  const sorted = reflect(sort, list, []);
  for (let at = 1; at < sorted.length; at++) if (sorted[at] === sorted[at - 1]) return sorted[at];
  return undefined;
}

function importAes(name, format, data, algorithm, extractable, wanted) {
  const usages = usagesOf(name, "import secret", wanted, name === "AES-KW" ? WRAPPING : CIPHERING);
  let bytes;
  let length;
  if (format === "raw") {
    length = lengthOf(data) * 8;
    if (length !== 128 && length !== 192 && length !== 256) throw AES_LENGTH(length);
    bytes = data;
  } else if (format === "jwk") {
    bytes = aesBytes(name, data.jwk, wanted, extractable);
    length = bytes.length * 8;
  } else {
    throw unrecognizedFormat(format);
  }
  return makeKey(secret(bytes), "secret", extractable, { name, length }, usages);
}

// The handle of a secret: of bytes, or of one that the host has already.
function secret(bytes) {
  return bytes.handle ?? settled(native.cryptoImport(SECRET, 0, bytes))[0];
}

const lengthOf = (data) => data.secret ?? native.byteLength(data);

function importHmac(name, format, data, algorithm, extractable, wanted) {
  const usages = usagesOf(name, "import secret", wanted, SIGNING);
  const hash = algorithm.hash;
  if (hash === undefined) throw missing("hash");
  let bytes;
  if (format === "raw") {
    bytes = data;
  } else if (format === "jwk") {
    const { jwk } = data;
    if (jwk.kty !== "oct") {
      throw dom(
        "DataError",
        `HMAC "jwk" key import requires a JSON Web Key with Key Type parameter ("kty") equal to "oct" (encountered "${jwk.kty}").`,
      );
    }
    bytes = base64(jwk.k, 'HMAC "jwk" key import requires a base64Url encoding of the key');
    if (jwk.alg !== undefined) {
      if (!hash.startsWith("SHA-")) {
        throw dom("NotSupportedError", `Unrecognized or unimplemented hash algorithm requested${jwk.alg}`);
      }
      const expected = `HS${hash.slice(4)}`;
      if (jwk.alg !== expected) {
        throw dom(
          "DataError",
          `HMAC "jwk" key import specifies "alg" that is incompatible with the hash name (encountered "${jwk.alg}", expected "${expected}").`,
        );
      }
    }
  } else {
    throw unrecognizedFormat(format);
  }
  const size = lengthOf(bytes) * 8;
  const length = algorithm.length ?? size;
  if (length === 0 || length > size || length <= size - 8) {
    throw dom(
      "DataError",
      `Imported HMAC key length (${length}) must be a non-zero value up to 7 bits less than, and no greater than, the bit length of the raw key data (${size}).`,
    );
  }
  const [, normal] = hashOf(hash);
  if (length < size && bytes.handle === undefined) {
    bytes = new Uint8Array(native.bytesOf(bytes));
    bytes[bytes.length - 1] &= 0xff00 >> (8 - (size - length));
  }
  return makeKey(
    secret(bytes),
    "secret",
    extractable,
    { name, hash: { name: normal }, length: length & 0xffff },
    usages,
  );
}

function importDerivable(name, format, data, algorithm, extractable, wanted) {
  const usages = usagesOf(name, "import secret", wanted, DERIVING);
  if (extractable) throw dom("SyntaxError", `${name} key cannot be extractable.`);
  if (format !== "raw") {
    const end = name === "PBKDF2" ? "." : "";
    throw dom("NotSupportedError", `${name} key must be imported in "raw" format (requested "${format}")${end}`);
  }
  return makeKey(secret(data), "secret", extractable, { name }, usages);
}

// ---- Pairs ----

// The usages of one half of a pair, and what is read of a JSON Web Key by `read`.
function importPair(name, format, data, extractable, wanted, allowed, read) {
  if (format === "jwk") {
    const { jwk } = data;
    let usages;
    if (jwk.d !== undefined) {
      usages = usagesOf(name, "import private", wanted, both(allowed, PRIVATE));
      if (jwk.oth !== undefined) throw dom("NotSupportedError", "Multi-prime private keys not supported.");
    } else {
      usages = usagesOf(name, "import public", wanted, name === "ECDH" ? [] : both(allowed, PUBLIC));
    }
    checkUse(name, jwk, wanted);
    if (jwk.ext === false && extractable) {
      throw dom("DataError", "Cannot create an extractable CryptoKey from an unextractable JSON Web Key.");
    }
    return [read(jwk), usages, jwk.d !== undefined];
  }
  if (format !== "spki" && format !== "pkcs8") throw unrecognizedFormat(format);
  const isPrivate = format === "pkcs8";
  const got = native.cryptoImport(isPrivate ? PKCS8 : SPKI, 0, data);
  return [got, () => usagesOf(name, isPrivate ? "import private" : "import public", wanted, halves(name, allowed, isPrivate)), isPrivate];
}

function halves(name, allowed, isPrivate) {
  if (isPrivate) return both(allowed, PRIVATE);
  return name === "ECDH" ? [] : both(allowed, PUBLIC);
}

// The host's shape of a key in DER.
function readable(got, format) {
  if (typeof got !== "number") return got;
  const kind = format === "pkcs8" ? "PKCS8" : "SPKI";
  if (statusOf(got) === STATUS.BAD_KEY) {
    const more = detailOf(got);
    throw dom("DataError", more > 0 ? `Invalid ${more} trailing bytes after ${kind} input.` : `Invalid ${kind} input.`);
  }
  throw failure(got);
}

function checkUse(name, jwk, wanted) {
  const agrees = name === "ECDH" || name === "X25519";
  const enciphers = name === "RSA-OAEP";
  const expected = agrees || enciphers ? "enc" : "sig";
  const { use, key_ops: ops } = jwk;
  if (wanted.length > 0 && use !== undefined && use !== expected) {
    throw dom(
      "DataError",
      `Asymmetric "jwk" key import with usages requires a JSON Web Key with Public Key Use parameter "use" ("${use}") equal to "sig".`,
    );
  }
  if (ops === undefined) return;
  if (duplicate(ops) !== undefined) {
    throw dom("DataError", 'A JSON Web Key\'s Key Operations parameter ("key_ops") must not contain duplicates.');
  }
  if (use !== undefined) {
    if (use !== expected) {
      throw dom(
        "DataError",
        `Asymmetric "jwk" import requires a JSON Web Key with Public Key Use "use" ("${use}") equal to "${expected}".`,
      );
    }
    const [first, second] = enciphers ? ["encrypt", "wrapKey"] : ["sign", "verify"];
    for (const op of ops) {
      if (agrees) {
        throw dom(
          "DataError",
          `A JSON Web Key should have either a Public Key Use parameter ("use") or a Key Operations parameter ("key_ops"); otherwise, the parameters must be consistent with each other. For public ${name} keys, there are no valid usages,so keys with a non-empty "key_ops" parameter are not allowed.`,
        );
      }
      if (op !== first && op !== second) {
        throw dom(
          "DataError",
          `A JSON Web Key should have either a Public Key Use parameter ("use") or a Key Operations parameter ("key_ops"); otherwise, the parameters must be consistent with each other. A Public Key Use for ${name} would allow a Key Operations array with only "${first}" and/or "${second}" values (not "${op}").`,
        );
      }
    }
  }
  for (const usage of wanted) {
    if (!ops.includes(usage)) {
      throw dom(
        "DataError",
        'All specified key usages must be present in the JSON Web Key\'s Key Operations parameter ("key_ops").',
      );
    }
  }
}

const ofUsages = (usages) => (typeof usages === "function" ? usages() : usages);

// ---- RSA ----

const RSA_ALGORITHMS = {
  RS1: "SHA-1",
  RS256: "SHA-256",
  RS384: "SHA-384",
  RS512: "SHA-512",
  PS1: "SHA-1",
  PS256: "SHA-256",
  PS384: "SHA-384",
  PS512: "SHA-512",
  "RSA-OAEP": "SHA-1",
  "RSA-OAEP-256": "SHA-256",
  "RSA-OAEP-384": "SHA-384",
  "RSA-OAEP-512": "SHA-512",
};
const unknownAlg = (alg) =>
  dom("NotSupportedError", `Unrecognized or unimplemented algorithm "${alg}" listed in JSON Web Key Algorithm parameter.`);

// A number without leading zeros.
function trimmed(bytes) {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

// The value of an exponent, or undefined if it is too large.
export function small(bytes) {
  const digits = trimmed(bytes);
  if (digits.length > 4) return undefined;
  let value = 0;
  for (const byte of digits) value = value * 256 + byte;
  return value;
}

export function checkModulus(bits) {
  if (bits % 8 !== 0 || bits < 256 || bits > 16384) {
    throw dom(
      "OperationError",
      `The modulus length must be a multiple of 8 and between 256 and 16k, but ${bits} was requested.`,
    );
  }
}

export const HUGE_EXPONENT =
  'The "publicExponent" must be either 3 or 65537, but got a number larger than 2^32.';

function checkImported(bits, exponent) {
  checkModulus(bits);
  const value = small(exponent);
  if (value === undefined) throw dom("OperationError", HUGE_EXPONENT);
  if (value !== 3 && value !== 17 && value !== 37 && value !== 65537) {
    throw dom("OperationError", `Imported RSA key has invalid publicExponent ${value}.`);
  }
}

const badRsa = (what) => `Invalid RSA key in JSON Web Key; ${what}.`;

function readRsa(jwk) {
  const n = base64(jwk.n, badRsa('missing or invalid Modulus parameter ("n")'));
  const e = base64(jwk.e, badRsa('missing or invalid Exponent parameter ("e")'));
  let d;
  let primes = [];
  if (jwk.d !== undefined) {
    d = base64(jwk.d, badRsa('missing or invalid Private Exponent parameter ("d")'));
    const names = ["p", "q", "dp", "dq", "qi"].filter((name) => jwk[name] !== undefined);
    if (names.length === 5) {
      primes = [
        base64(jwk.p, badRsa('invalid First Prime Factor parameter ("p")')),
        base64(jwk.q, badRsa('invalid Second Prime Factor parameter ("q")')),
        base64(jwk.dp, badRsa('invalid First Factor CRT Exponent parameter ("dp")')),
        base64(jwk.dq, badRsa('invalid Second Factor CRT Exponent parameter ("dq")')),
        base64(jwk.qi, badRsa('invalid First CRT Coefficient parameter ("qi")')),
      ];
    } else if (names.length > 0) {
      throw dom(
        "DataError",
        'Invalid RSA private key in JSON Web Key; if one Prime Factor or CRT Exponent/Coefficient parameter is present, then they must all be present ("p", "q", "dp", "dq", "qi").',
      );
    }
  }
  const digits = trimmed(n);
  if (digits.length > 2048) throw dom("DataError", badRsa('missing or invalid Modulus parameter ("n")'));
  checkImported(digits.length * 8, e);
  return native.cryptoImportRsa(n, e, d, ...primes);
}

function importRsa(name, format, data, algorithm, extractable, wanted) {
  let hash;
  let allowed = SIGNING;
  const isRaw = name === "RSA-RAW";
  if (!isRaw) {
    if (algorithm.hash === undefined) throw missing("hash");
    if (name === "RSA-OAEP") allowed = CIPHERING;
    hash = hashOf(algorithm.hash)[1];
  }
  const [got, usages, isPrivate] = importPair(name, format, data, extractable, wanted, allowed, (jwk) => {
    if (jwk.kty !== "RSA") {
      throw dom(
        "DataError",
        `${isRaw ? "RSA-RAW" : "RSASSA-PKCS1-v1_5"} "jwk" key import requires a JSON Web Key with Key Type parameter "kty" ("${jwk.kty}") equal to "RSA".`,
      );
    }
    if (jwk.alg !== undefined) {
      if (!isRaw && !hasOwn(RSA_NAMES, algorithm.name)) {
        throw dom("NotSupportedError", `Unrecognized RSA variant "${algorithm.name}".`);
      }
      const known = hasOwn(RSA_ALGORITHMS, jwk.alg) && (!isRaw || jwk.alg.startsWith("RS") && !jwk.alg.startsWith("RSA"));
      if (!known) throw unknownAlg(jwk.alg);
      if (!isRaw && RSA_ALGORITHMS[jwk.alg] !== hash) {
        throw dom(
          "DataError",
          `JSON Web Key Algorithm parameter "alg" ("${jwk.alg}") does not match requested hash algorithm "${jwk.alg}".`,
        );
      }
    }
    return readRsa(jwk);
  });
  return after(got, (got) => {
    if (format === "jwk") {
      if (typeof got === "number" && statusOf(got) === STATUS.BAD_KEY) {
        throw dom("DataError", "Invalid RSA key in JSON Web Key.");
      }
      got = settled(got);
    } else {
      got = readable(got, format);
    }
    const allowedUsages = ofUsages(usages);
    const [handle, kind, , bits, publicExponent] = got;
    if (isRaw && !isPrivate) {
      throw dom("DataError", 'RSA-RAW only supports private keys but requested "public".');
    }
    if (kind !== RSA) throw dom("DataError", "Input was not an RSA key.");
    checkImported(bits, publicExponent);
    const described = { name, modulusLength: bits, publicExponent };
    if (!isRaw) described.hash = { name: hash };
    return makeKey(handle, isPrivate ? "private" : "public", extractable, described, allowedUsages);
  });
}

const RSA_NAMES = { "RSASSA-PKCS1-v1_5": 1, "RSA-PSS": 1, "RSA-OAEP": 1 };

// Goes on at once where nothing is waited for.
export function after(got, then) {
  return isLater(got) ? got.then(then) : then(got);
}

// ---- Curves ----

const EC_ALGORITHMS = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

function importEc(name, format, data, algorithm, extractable, wanted) {
  if (algorithm.namedCurve === undefined) throw missing("namedCurve");
  const [curve, namedCurve] = curveOf(algorithm.namedCurve);
  const described = { name, namedCurve };
  if (format === "raw") {
    const usages = usagesOf(name, "import public", wanted, name === "ECDSA" ? ["verify"] : []);
    const got = native.cryptoImport(POINT, curve, data);
    if (typeof got === "number") throw badPoint(got, data);
    return makeKey(got[0], "public", extractable, described, usages);
  }
  const allowed = name === "ECDSA" ? SIGNING : DERIVING;
  const [imported, usages, isPrivate] = importPair(name, format, data, extractable, wanted, allowed, (jwk) =>
    readEc(name, curve, namedCurve, jwk),
  );
  return after(imported, (got) => {
    got = format === "jwk" ? settled(got) : readable(got, format);
    const allowedUsages = ofUsages(usages);
    const [handle, kind, , found] = got;
    const comma = name === "ECDH" ? "," : "";
    if (kind !== EC || found === ED25519 || found === X25519) {
      throw dom("DataError", name === "ECDH" ? "Input was not an EC public key nor a DH key." : "Input was not an EC key.");
    }
    if (found !== curve) {
      throw dom(
        "DataError",
        `"algorithm.namedCurve" "${algorithm.namedCurve}"${comma} does not match the curve specified by the input key data.`,
      );
    }
    return makeKey(handle, isPrivate ? "private" : "public", extractable, described, allowedUsages);
  });
}

function badPoint(got, data) {
  if (statusOf(got) !== STATUS.BAD_KEY && statusOf(got) !== STATUS.NOT_ON_CURVE) return failure(got);
  const bytes = new Uint8Array(native.bytesOf(data));
  let why = "";
  if (bytes.length === 0) why = ".";
  else if (statusOf(got) === STATUS.BAD_KEY) why = ": Invalid point encoding..";
  else if (bytes[0] === 4) why = ": Point is not on curve..";
  else why = ": Invalid compressed point..";
  return dom("DataError", `Failed to import raw EC key data${why}`);
}

function readEc(name, curve, namedCurve, jwk) {
  if (jwk.kty !== "EC") {
    throw dom(
      "DataError",
      `Elliptic curve "jwk" key import requires a JSON Web Key with Key Type parameter "kty" ("${jwk.kty}") equal to "EC".`,
    );
  }
  if (name === "ECDSA" && jwk.alg !== undefined) {
    if (!hasOwn(EC_ALGORITHMS, jwk.alg)) throw unknownAlg(jwk.alg);
    if (EC_ALGORITHMS[jwk.alg] !== namedCurve) {
      throw dom("DataError", `JSON Web Key Algorithm parameter "alg" ("${jwk.alg}") does not match requested curve.`);
    }
  }
  const x = base64(jwk.x, 'Invalid EC key in JSON Web Key; missing "x".');
  const y = base64(jwk.y, 'Invalid EC key in JSON Web Key; missing "y".');
  let d;
  if (jwk.d !== undefined) {
    d = base64(jwk.d, 'Invalid EC key in JSON Web Key; missing or invalid private key component ("d").');
  }
  return after(native.cryptoImportEc(curve, x, y, d), (got) => {
    if (typeof got !== "number") return got;
    switch (statusOf(got)) {
      case STATUS.NOT_ON_CURVE:
        throw dom(
          "OperationError",
          'Invalid EC key; public key coordinates "x" and "y" are invalid: Point is not on curve..',
        );
      case STATUS.BAD_KEY:
        throw dom("OperationError", 'Invalid EC key; private key component "d" is invalid.');
      case STATUS.BAD_DATA:
        throw dom("DataError", "Invalid EC key in JSON Web Key.");
      default:
        throw failure(got);
    }
  });
}

// ---- Ed25519 and X25519 ----

function importEdwards(name, format, data, algorithm, extractable, wanted) {
  const described = edwards(name, algorithm);
  const agrees = name === "X25519";
  const curve = agrees ? X25519 : ED25519;
  const curveName = agrees ? "X25519" : "Ed25519";
  if (format === "raw") {
    const usages = usagesOf(name, "import public", wanted, agrees ? [] : ["verify"]);
    const length = native.byteLength(data);
    if (length !== 32) {
      throw dom("DataError", `${curveName} raw keys must be exactly 32-bytes (provided ${length}).`);
    }
    return makeKey(settled(native.cryptoImport(POINT, curve, data))[0], "public", extractable, described, usages);
  }
  const allowed = agrees ? DERIVING : SIGNING;
  const [imported, usages, isPrivate] = importPair(name, format, data, extractable, wanted, allowed, (jwk) =>
    readEdwards(curve, curveName, jwk),
  );
  return after(imported, (got) => {
    got = format === "jwk" ? settled(got) : readable(got, format);
    const allowedUsages = ofUsages(usages);
    const [handle, kind, , found] = got;
    if (kind !== EC || found !== curve) throw dom("DataError", `Input was not an ${curveName} key.`);
    return makeKey(handle, isPrivate ? "private" : "public", extractable, described, allowedUsages);
  });
}

// What a key of this algorithm tells of itself; NODE-ED25519 has a curve of its own name.
export function edwards(name, algorithm) {
  if (name !== "NODE-ED25519") return { name };
  const { namedCurve } = algorithm;
  if (namedCurve === undefined) throw missing("namedCurve");
  if (namedCurve !== "NODE-ED25519") throw dom("NotSupportedError", `EDDSA curve "${namedCurve}" isn't supported.`);
  return { name, namedCurve };
}

function readEdwards(curve, name, jwk) {
  if (jwk.kty !== "OKP") {
    throw dom(
      "DataError",
      `${name} "jwk" key imports requires a JSON Web Key with Key Type parameter "kty" ("${jwk.kty}") equal to "OKP".`,
    );
  }
  if (jwk.crv === undefined) throw dom("DataError", `Missing field "crv" for ${name} key.`);
  if (jwk.crv !== name) throw dom("NotSupportedError", `Only ${name} is supported but "${jwk.crv}" was requested.`);
  if (curve === ED25519 && jwk.alg !== undefined && jwk.alg !== "EdDSA") {
    throw dom("DataError", `JSON Web Key Algorithm parameter "alg" ("${jwk.alg}") does not match requested Ed25519 curve.`);
  }
  const x = base64(jwk.x, `Invalid ${name} key in JSON WebKey; missing or invalid public key component ("x").`);
  if (x.length !== 32) throw dom("DataError", `Invalid length ${x.length} for public key`);
  let d;
  if (jwk.d !== undefined) {
    d = base64(jwk.d, `Invalid ${name} key in JSON Web Key; missing or invalid private key component ("d").`);
    if (d.length !== 32) throw dom("DataError", `Invalid length ${d.length} for private key`);
  }
  return native.cryptoImportEc(curve, x, new Uint8Array(0), d);
}

// ---- All ----

const IMPORTERS = {
  "AES-CTR": importAes,
  "AES-CBC": importAes,
  "AES-GCM": importAes,
  "AES-KW": importAes,
  HMAC: importHmac,
  PBKDF2: importDerivable,
  HKDF: importDerivable,
  "RSASSA-PKCS1-v1_5": importRsa,
  "RSA-PSS": importRsa,
  "RSA-OAEP": importRsa,
  ECDSA: importEc,
  ECDH: importEc,
  "NODE-ED25519": importEdwards,
  Ed25519: importEdwards,
  X25519: importEdwards,
  "RSA-RAW": importRsa,
};
const NAMES = new Map(Object.keys(IMPORTERS).map((name) => [upper(name), name]));
const find = Map.prototype.get;
// The algorithm of this name as it is spelt, or undefined.
export const spelling = (name) => reflect(find, NAMES, [upper(name)]);

const MODERN = { "raw-secret": 1, "raw-public": 1, "raw-seed": 1 };

// A CryptoKey, or a promise of one where the host takes its time.
export function importKey(format, data, algorithm, extractable, wanted) {
  if (format === "raw" || format === "pkcs8" || format === "spki") {
    if (!isBytes(data) && data.handle === undefined) {
      throw new TypeError("Import data provided for buffer-based import formats must be a buffer source.");
    }
  } else if (format === "jwk") {
    if (isBytes(data)) throw new TypeError('Import data provided for "jwk" import format must be a JsonWebKey.');
    if (data.jwk.ext === false && extractable) {
      throw dom("DataError", `JWK ext field for "${algorithm.name}" is set to false but extractable is true`);
    }
  } else if (hasOwn(MODERN, format)) {
    throw dom("NotSupportedError", `Key format "${format}" requires the webcrypto_modern_algorithms flag.`);
  } else {
    throw unrecognizedFormat(format);
  }
  const name = spelling(algorithm.name);
  if (name === undefined) {
    throw dom("NotSupportedError", `Unrecognized key import algorithm "${algorithm.name}" requested.`);
  }
  return after(IMPORTERS[name](name, format, data, algorithm, extractable, wanted), (key) => {
    if (key.usages.length === 0 && key.type !== "public") {
      throw dom("SyntaxError", "Secret/private CryptoKeys must have at least one usage.");
    }
    return key;
  });
}
