// node:_tls_common.
import { createSecureContext, SecureContext } from "node:tls";

export function translatePeerCertificate(c) {
  return c ?? null;
}
export { createSecureContext, SecureContext };
export default { SecureContext, createSecureContext, translatePeerCertificate };
