// node:_http_incoming.
import { IncomingMessage } from "internal:node/http";

export { IncomingMessage };
export default { IncomingMessage };
