// node:inspector/promises.
import { Network, Session, close, console, open, url, waitForDebugger } from "node:inspector";

export { Network, Session, close, console, open, url, waitForDebugger };
export default { Session, close, console, open, url, waitForDebugger, Network };
