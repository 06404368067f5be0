// Agreement on secrets: ECDH and diffieHellman.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateObject, validateOneOf, validateString } from "internal:node/errors";
import { bytesOr, output, settled } from "./bytes.js";
import { CURVE_SIZES, isKeyObject, shapeOf } from "./keys.js";

const CURVES = { prime256v1: 0, secp384r1: 1, secp521r1: 2 };
const FORMATS = ["compressed", "uncompressed", "hybrid"];
const RAW = 0, PARTS = 3, POINT = 1;
const states = new WeakMap();

const viewOf = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));

function curveOf(name, argument) {
  validateString(name, argument);
  const curve = CURVES[name];
  if (curve === undefined) throw new Error(name === "secp256k1" ? "Failed to create key using named curve" : "Invalid curve");
  return curve;
}

// A point, written out in a format.
function pointIn(point, format) {
  const half = (point.length - 1) / 2;
  const isOdd = point[point.length - 1] & 1;
  if (format === "compressed") return Buffer.concat([Buffer.from([2 + isOdd]), point.subarray(1, half + 1)]);
  const out = Buffer.from(point);
  if (format === "hybrid") out[0] = 6 + isOdd;
  return out;
}

const INPUTS = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];
const input = (value, name, encoding) => (typeof value === "string" ? Buffer.from(value, encoding) : bytesOr(value, name, encoding, INPUTS));

// The number of a private key as its own digits, for PKCS #8 has none without a point.
function pairOf(curve, digits) {
  const size = CURVE_SIZES[curve];
  let d = viewOf(digits);
  while (d.length > size && d[0] === 0) d = d.subarray(1);
  if (d.length === 0 || d.length > size || d.every((byte) => byte === 0)) return undefined;
  const all = new Uint8Array(size);
  all.set(d, size - d.length);
  const sec1 = Buffer.concat([Buffer.from([2, 1, 1, 4, size]), all, OIDS[curve]]);
  const got = native.cryptoImportNow(3, 0, Buffer.concat([Buffer.from(sec1.length > 127 ? [0x30, 0x81, sec1.length] : [0x30, sec1.length]), sec1]));
  return typeof got === "number" ? undefined : got[0];
}
const OIDS = ["a00a06082a8648ce3d030107", "a00706052b81040022", "a00706052b81040023"].map((hex) => Buffer.from(hex, "hex"));

export function ECDH(curveName) {
  if (!(this instanceof ECDH)) return new ECDH(curveName);
  states.set(this, { curve: curveOf(curveName, "curveName"), key: null });
}
ECDH.prototype.computeSecret = function computeSecret(otherPublicKey, inputEncoding, outputEncoding) {
  const state = states.get(this);
  const other = input(otherPublicKey, "otherPublicKey", inputEncoding);
  if (state.key === null) throw new Error("Invalid keypair");
  const point = settled(native.cryptoImportNow(POINT, state.curve, other), "Failed to set point")[0];
  return output(settled(native.cryptoDeriveNow(state.key, 0, 0, undefined, undefined, 0, -1, point), "Failed to compute ECDH key"), outputEncoding);
};
ECDH.prototype.generateKeys = function generateKeys(encoding, format = "uncompressed") {
  const state = states.get(this);
  state.key = settled(native.cryptoGenerateNow(2, state.curve, 0), "Failed to generate key")[0];
  return this.getPublicKey(encoding, format);
};
ECDH.prototype.getPrivateKey = function getPrivateKey(encoding) {
  const { key } = states.get(this);
  if (key === null) throw new Error("Failed to get ECDH private key");
  const d = new Uint8Array(settled(native.cryptoExportNow(key, PARTS, 0), "Failed to get ECDH private key")[2]);
  let at = 0;
  while (at < d.length - 1 && d[at] === 0) at++;
  return output(d, encoding);
};
ECDH.prototype.getPublicKey = function getPublicKey(encoding, format = "uncompressed") {
  validateOneOf(format, "format", FORMATS);
  const { key } = states.get(this);
  if (key === null) throw new Error("Failed to get ECDH public key");
  if (format === "hybrid") throw new Error("Failed to get public key length");
  const half = settled(native.cryptoPublic(key), "Failed to get ECDH public key")[0];
  return output(pointIn(new Uint8Array(settled(native.cryptoExportNow(half, RAW, 0), "Failed to get ECDH public key")), format), encoding);
};
ECDH.prototype.setPrivateKey = function setPrivateKey(key, encoding) {
  const state = states.get(this);
  const pair = pairOf(state.curve, input(key, "key", encoding));
  if (pair === undefined) throw new Error("Private key is not valid for specified curve.");
  state.key = pair;
};
ECDH.convertKey = function convertKey(key, curve, inputEncoding, outputEncoding, format = "uncompressed") {
  const number = curveOf(curve, "curve");
  validateOneOf(format, "format", FORMATS);
  const point = settled(native.cryptoImportNow(POINT, number, input(key, "key", inputEncoding)), "Failed to set point")[0];
  return output(pointIn(new Uint8Array(settled(native.cryptoExportNow(point, RAW, 0), "Failed to convert key")), format), outputEncoding);
};

export function createECDH(curveName) {
  return new ECDH(curveName);
}
export function getCurves() {
  return Object.keys(CURVES);
}

export function diffieHellman(options) {
  validateObject(options, "options");
  const { privateKey, publicKey } = options;
  if (!isKeyObject(publicKey)) throw ERR_INVALID_ARG_TYPE("options.publicKey", "KeyObject", publicKey);
  if (!isKeyObject(privateKey)) throw ERR_INVALID_ARG_TYPE("options.privateKey", "KeyObject", privateKey);
  if (privateKey.type !== "private") throw ERR_INVALID_ARG_TYPE("options.privateKey", "private key", privateKey);
  if (publicKey.type !== "public" && publicKey.type !== "private") throw ERR_INVALID_ARG_TYPE("options.publicKey", "public or private key", publicKey);
  const type = publicKey.asymmetricKeyType;
  if (type !== privateKey.asymmetricKeyType) throw ERR_INVALID_ARG_VALUE("options.publicKey.asymmetricKeyType", type, "must equal privateKey.asymmetricKeyType");
  const mine = shapeOf(privateKey), its = shapeOf(publicKey);
  const other = its.type === "private" ? settled(native.cryptoPublic(its.handle), "Failed to derive shared secret")[0] : its.handle;
  return Buffer.from(settled(native.cryptoDeriveNow(mine.handle, 0, 0, undefined, undefined, 0, -1, other), "Failed to derive shared diffie-hellman secret"));
}
