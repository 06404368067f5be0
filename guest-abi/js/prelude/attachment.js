// How large what a WebSocket carries along would be, as the field counts it.
export const ATTACHMENT_MAX = 16384;

const HEADER = 2;

function varint(number) {
  let bytes = 1;
  for (; number >= 128; number = Math.floor(number / 128)) bytes++;
  return bytes;
}

function sizeOfString(string) {
  let isNarrow = true;
  for (let at = 0; at < string.length && isNarrow; at++) isNarrow = string.charCodeAt(at) < 256;
  const bytes = isNarrow ? string.length : string.length * 2;
  return 1 + varint(bytes) + bytes;
}

function sizeOf(value, seen) {
  switch (typeof value) {
    case "string":
      return sizeOfString(value);
    case "number":
      if (Number.isInteger(value) && Math.abs(value) < 2 ** 30) return 1 + varint(value < 0 ? -2 * value - 1 : 2 * value);
      return 9;
    case "bigint":
      return 10 + value.toString(16).length / 2;
    case "object":
      break;
    default:
      return 1;
  }
  if (value === null) return 1;
  if (seen.has(value)) return 2;
  seen.add(value);
  if (value instanceof ArrayBuffer) return 2 + value.byteLength;
  if (isView(value)) return 6 + value.buffer.byteLength;
  let bytes = 4;
  if (isArray(value)) {
    bytes = 2 + 2 * varint(value.length) + 1;
    for (const item of value) bytes += sizeOf(item, seen);
    return bytes;
  }
  if (value instanceof Map || value instanceof Set) {
    for (const [key, item] of value.entries()) bytes += sizeOf(key, seen) + (value instanceof Map ? sizeOf(item, seen) : 0);
    return bytes;
  }
  const keys = Object.keys(value);
  bytes = 2 + varint(keys.length);
  for (const key of keys) bytes += sizeOfString(key) + sizeOf(value[key], seen);
  return bytes;
}

// Bytes of a value that could be cloned.
export function attachmentSize(value) {
  const bytes = HEADER + sizeOf(value, new Set());
  // A string of wide characters begins at an even place.
  return typeof value === "string" && bytes % 2 === 1 && bytes > value.length * 2 ? bytes + 1 : Math.ceil(bytes);
}
