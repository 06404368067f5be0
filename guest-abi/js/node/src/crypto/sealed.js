// Private keys under a passphrase: PKCS #8 with PBES2 (PBKDF2 and AES-CBC).
import native from "internal:native";
import { Buffer } from "node:buffer";
import { hashSize, secretHandle, settled } from "./bytes.js";
import { INTEGER, NULL, OCTETS, oid, OID, oidBytes, Reader, SEQUENCE, small, write } from "./der.js";

const PBES2 = "1.2.840.113549.1.5.13", PBKDF2 = "1.2.840.113549.1.5.12";
const CIPHERS = { "2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32 };
const MACS = { "1.2.840.113549.2.7": 1, "1.2.840.113549.2.8": 8, "1.2.840.113549.2.9": 2, "1.2.840.113549.2.10": 3, "1.2.840.113549.2.11": 4 };
const number = (bytes) => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

function stretched(passphrase, hash, salt, iterations, length) {
  if (hashSize(hash) === 0) throw new Error("unknown");
  return settled(native.cryptoDeriveNow(secretHandle(passphrase), 2, hash, salt, undefined, iterations, length, undefined, true), "unknown")[0];
}

// The PKCS #8 inside, or an exception.
export function unseal(bytes, passphrase) {
  const outer = new Reader(bytes).inner(SEQUENCE);
  const scheme = outer.inner(SEQUENCE);
  if (oid(scheme.content(OID)) !== PBES2) throw new Error("unknown");
  const parameters = scheme.inner(SEQUENCE);
  const derivation = parameters.inner(SEQUENCE);
  if (oid(derivation.content(OID)) !== PBKDF2) throw new Error("unknown");
  const how = derivation.inner(SEQUENCE);
  const salt = how.content(OCTETS);
  const iterations = number(how.content(INTEGER));
  if (!how.isEmpty && how.tag === INTEGER) how.next();
  const hash = how.isEmpty ? 1 : MACS[oid(how.inner(SEQUENCE).content(OID))];
  const cipher = parameters.inner(SEQUENCE);
  const length = CIPHERS[oid(cipher.content(OID))];
  if (hash === undefined || length === undefined) throw new Error("unknown");
  const key = stretched(passphrase, hash, salt, iterations, length);
  return new Uint8Array(settled(native.cryptoCipherNow(false, key, 0, 0, cipher.content(OCTETS), undefined, 0, outer.content(OCTETS)), "wrong"));
}

export function seal(bytes, passphrase, cipher) {
  const length = { "aes-128-cbc": 16, "aes-192-cbc": 24, "aes-256-cbc": 32 }[String(cipher).toLowerCase()];
  if (length === undefined) throw new Error("Failed to export key");
  const random = crypto.getRandomValues(new Uint8Array(32));
  const salt = random.subarray(0, 16), iv = random.subarray(16);
  const key = stretched(passphrase, 1, salt, 2048, length);
  const text = Buffer.from(settled(native.cryptoCipherNow(true, key, 0, 0, iv, undefined, 0, bytes), "Failed to export key"));
  const name = Object.keys(CIPHERS).find((name) => CIPHERS[name] === length);
  const derivation = write(SEQUENCE, oidBytes(PBKDF2), write(SEQUENCE, write(OCTETS, salt), small(2048), write(SEQUENCE, oidBytes("1.2.840.113549.2.7"), write(NULL))));
  const scheme = write(SEQUENCE, oidBytes(PBES2), write(SEQUENCE, derivation, write(SEQUENCE, oidBytes(name), write(OCTETS, iv))));
  return write(SEQUENCE, scheme, write(OCTETS, text));
}
