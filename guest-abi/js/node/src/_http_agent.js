// node:_http_agent.
import { Agent, globalAgent } from "internal:node/http";

export { Agent, globalAgent };
export default { Agent, globalAgent };
