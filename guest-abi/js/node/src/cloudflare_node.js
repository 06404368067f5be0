// cloudflare:node: servers of node:http as a Worker's handler.
import { handleAsNodeRequest, portOf } from "internal:node/http";
import { ERR_METHOD_NOT_IMPLEMENTED } from "internal:node/errors";

export function httpServerHandler(desc, handlers = {}) {
  const port = portOf(desc);
  return {
    ...handlers,
    async fetch(request) {
      return await handleAsNodeRequest(port, request);
    },
  };
}
export function connectHandler() {
  throw ERR_METHOD_NOT_IMPLEMENTED("connectHandler");
}
export async function handleAsNodeConnection(described, connection, env) {
  throw ERR_METHOD_NOT_IMPLEMENTED("handleAsNodeConnection");
}
export { handleAsNodeRequest };
