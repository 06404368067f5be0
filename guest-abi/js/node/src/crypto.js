// node:crypto, on the host's cryptography: keys stay there unless they are exported.
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";
import { createECDH, diffieHellman, ECDH, getCurves } from "./crypto/agree.js";
import { Cipher, Cipheriv, createCipher, createCipheriv, createDecipher, createDecipheriv, Decipher, Decipheriv, getCipherInfo, getCiphers } from "./crypto/cipher.js";
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from "./crypto/derive.js";
import { createHash, createHmac, getHashes, hash, Hash, Hmac } from "./crypto/hash.js";
import { createPrivateKey, createPublicKey, createSecretKey, CryptoKey, generateKey, generateKeyPair, generateKeyPairSync, generateKeySync, KeyObject, PrivateKeyObject, PublicKeyObject, SecretKeyObject } from "./crypto/keys.js";
import { getRandomValues, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, subtle, timingSafeEqual, webcrypto } from "./crypto/random.js";
import { createSign, createVerify, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt, sign, Sign, verify, Verify } from "./crypto/sign.js";
import { checkPrime, checkPrimeSync, createDiffieHellman, createDiffieHellmanGroup, DiffieHellman, DiffieHellmanGroup, generatePrime, generatePrimeSync, getDiffieHellman } from "./crypto/primes.js";
import { Certificate, X509Certificate } from "./crypto/certificates.js";
import table from "./constants.json";

const NAMES = "DH_CHECK_P_NOT_SAFE_PRIME DH_CHECK_P_NOT_PRIME DH_UNABLE_TO_CHECK_GENERATOR DH_NOT_SUITABLE_GENERATOR RSA_PKCS1_PADDING RSA_NO_PADDING RSA_PKCS1_OAEP_PADDING RSA_X931_PADDING RSA_PKCS1_PSS_PADDING RSA_PSS_SALTLEN_DIGEST RSA_PSS_SALTLEN_MAX_SIGN RSA_PSS_SALTLEN_AUTO POINT_CONVERSION_COMPRESSED POINT_CONVERSION_UNCOMPRESSED POINT_CONVERSION_HYBRID OPENSSL_VERSION_NUMBER SSL_OP_ALL SSL_OP_ALLOW_NO_DHE_KEX SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION SSL_OP_CIPHER_SERVER_PREFERENCE SSL_OP_CISCO_ANYCONNECT SSL_OP_COOKIE_EXCHANGE SSL_OP_CRYPTOPRO_TLSEXT_BUG SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS SSL_OP_LEGACY_SERVER_CONNECT SSL_OP_NO_COMPRESSION SSL_OP_NO_ENCRYPT_THEN_MAC SSL_OP_NO_QUERY_MTU SSL_OP_NO_RENEGOTIATION SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION SSL_OP_NO_SSLv2 SSL_OP_NO_SSLv3 SSL_OP_NO_TICKET SSL_OP_NO_TLSv1 SSL_OP_NO_TLSv1_1 SSL_OP_NO_TLSv1_2 SSL_OP_NO_TLSv1_3 SSL_OP_PRIORITIZE_CHACHA SSL_OP_TLS_ROLLBACK_BUG ENGINE_METHOD_RSA ENGINE_METHOD_DSA ENGINE_METHOD_DH ENGINE_METHOD_RAND ENGINE_METHOD_EC ENGINE_METHOD_CIPHERS ENGINE_METHOD_DIGESTS ENGINE_METHOD_PKEY_METHS ENGINE_METHOD_PKEY_ASN1_METHS ENGINE_METHOD_ALL ENGINE_METHOD_NONE defaultCoreCipherList TLS1_VERSION TLS1_1_VERSION TLS1_2_VERSION TLS1_3_VERSION defaultCipherList";
export const constants = {};
for (const name of NAMES.split(" ")) Object.defineProperty(constants, name, { value: table.constants[name] });
export const fips = true;
export function getFips() {
  return fips;
}
export function setFips(_) {
  throw ERR_METHOD_NOT_IMPLEMENTED("setFips");
}
export function setEngine(_1, _2) {
  throw ERR_METHOD_NOT_IMPLEMENTED("setEngine");
}
export function secureHeapUsed() {
  return { total: 0, used: 0, utilization: 0, min: 0 };
}
export { randomBytes as pseudoRandomBytes };
export { Certificate, checkPrime, checkPrimeSync, Cipher, Cipheriv, createCipher, createCipheriv, createDecipher, createDecipheriv, createDiffieHellman, createDiffieHellmanGroup, createECDH, createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey, createSign, createVerify, CryptoKey, Decipher, Decipheriv, diffieHellman, DiffieHellman, DiffieHellmanGroup, ECDH, generateKey, generateKeyPair, generateKeyPairSync, generateKeySync, generatePrime, generatePrimeSync, getCipherInfo, getCiphers, getCurves, getDiffieHellman, getHashes, getRandomValues, Hash, hash, hkdf, hkdfSync, Hmac, KeyObject, pbkdf2, pbkdf2Sync, privateDecrypt, privateEncrypt, PrivateKeyObject, publicDecrypt, publicEncrypt, PublicKeyObject, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, scrypt, scryptSync, SecretKeyObject, sign, Sign, subtle, timingSafeEqual, verify, Verify, webcrypto, X509Certificate };
export default {
  constants, DiffieHellman, DiffieHellmanGroup, createDiffieHellman, createDiffieHellmanGroup, getDiffieHellman, diffieHellman, ECDH, createECDH,
  KeyObject, PublicKeyObject, PrivateKeyObject, SecretKeyObject, generateKey, generateKeyPair, generateKeyPairSync, generateKeySync,
  createPrivateKey, createPublicKey, createSecretKey, getRandomValues, pseudoRandomBytes: randomBytes, randomBytes, randomFillSync, randomFill,
  randomInt, randomUUID, generatePrime, generatePrimeSync, checkPrime, checkPrimeSync, Hash, Hmac, createHash, createHmac, getHashes, hash, hkdf,
  hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync, getCiphers, getCurves, secureHeapUsed, setEngine, timingSafeEqual, getFips, setFips, fips,
  subtle, webcrypto, Certificate, X509Certificate, createSign, createVerify, sign, verify, Sign, Verify, Cipheriv, Decipheriv, createCipheriv,
  createDecipheriv, publicDecrypt, publicEncrypt, privateDecrypt, privateEncrypt, getCipherInfo, CryptoKey, createCipher, createDecipher, Cipher,
  Decipher,
};
