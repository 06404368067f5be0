// DER and PEM, as far as keys, signatures and certificates need them.
import native from "internal:native";
import { Buffer } from "node:buffer";

export const INTEGER = 2, BITS = 3, OCTETS = 4, NULL = 5, OID = 6, SEQUENCE = 0x30, SET = 0x31;

export class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  get isEmpty() {
    return this.at >= this.end;
  }
  get tag() {
    return this.bytes[this.at];
  }
  // The next value: where it begins, where its content does, and where it ends.
  next(tag) {
    const { bytes, at } = this;
    if (at + 2 > this.end || (tag !== undefined && bytes[at] !== tag)) throw new Error("not DER");
    let length = bytes[at + 1], start = at + 2;
    if (length > 127) {
      const count = length & 127;
      if (count === 0 || count > 4 || start + count > this.end) throw new Error("not DER");
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[start++];
    }
    if (start + length > this.end) throw new Error("not DER");
    this.at = start + length;
    return { tag: bytes[at], from: at, start, end: start + length };
  }
  content(tag) {
    const { start, end } = this.next(tag);
    return this.bytes.subarray(start, end);
  }
  inner(tag) {
    const { start, end } = this.next(tag);
    return new Reader(this.bytes, start, end);
  }
  whole(tag) {
    const { from, end } = this.next(tag);
    return this.bytes.subarray(from, end);
  }
}

export function write(tag, ...parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  let head = [tag, length];
  if (length > 127) {
    const size = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest & 255);
    head = [tag, 128 | size.length, ...size];
  }
  return Buffer.concat([Buffer.from(head), content]);
}

// A number of these digits, which is not negative.
export function integer(digits) {
  let at = 0;
  while (at < digits.length - 1 && digits[at] === 0) at++;
  const rest = digits.subarray(at);
  return write(INTEGER, rest[0] & 128 ? Buffer.concat([Buffer.alloc(1), rest]) : rest);
}
export const small = (number) => integer(Buffer.from([number >> 24, (number >> 16) & 255, (number >> 8) & 255, number & 255]));

export function oid(bytes) {
  const parts = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 127);
    if (byte < 128) {
      if (parts.length === 0) {
        const first = Math.min(2, Math.floor(value / 40));
        parts.push(first, value - first * 40);
      } else parts.push(value);
      value = 0;
    }
  }
  return parts.join(".");
}
export function oidBytes(text) {
  const [a, b, ...rest] = text.split(".").map(Number);
  const out = [];
  for (let value of [a * 40 + b, ...rest]) {
    const digits = [value & 127];
    while ((value = Math.floor(value / 128)) > 0) digits.unshift((value & 127) | 128);
    out.push(...digits);
  }
  return write(OID, Buffer.from(out));
}

// The first block of PEM, or undefined.
export function readPem(text) {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----\s*([^-]*?)\s*-----END \1-----/.exec(text);
  if (found === null || found[2].includes(":")) return found === null ? undefined : { label: found[1] };
  const bytes = native.base64UrlBytes(found[2]);
  return bytes === null ? undefined : { label: found[1], bytes };
}

export function writePem(label, bytes) {
  const lines = Buffer.from(bytes).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
