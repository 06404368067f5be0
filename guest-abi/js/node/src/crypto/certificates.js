// Certificate (SPKAC), as far as it goes in the field, and X509Certificate, which is not there yet.
import { Buffer } from "node:buffer";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";
import { bytesOr } from "./bytes.js";

// Signatures of SPKAC are made with MD5, which the field refuses; nothing verifies.
const spkac = {
  verifySpkac(value, encoding) {
    bytesOr(value, "spkac", encoding);
    return false;
  },
  exportPublicKey(value, encoding) {
    bytesOr(value, "spkac", encoding);
    return Buffer.alloc(0);
  },
  exportChallenge(value, encoding) {
    bytesOr(value, "spkac", encoding);
    return Buffer.alloc(0);
  },
};
export function Certificate() {
  if (!(this instanceof Certificate)) return new Certificate();
}
Object.assign(Certificate, spkac);
Object.assign(Certificate.prototype, spkac);

export class X509Certificate {
  constructor(buffer) {
    throw ERR_METHOD_NOT_IMPLEMENTED("X509Certificate");
  }
}
