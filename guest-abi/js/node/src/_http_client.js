// node:_http_client.
import { ClientRequest } from "internal:node/http";

export { ClientRequest };
export default { ClientRequest };
