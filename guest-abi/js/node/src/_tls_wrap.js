// node:_tls_wrap.
import { connect, TLSSocket } from "node:tls";

export { connect, TLSSocket };
export default { TLSSocket, connect };
