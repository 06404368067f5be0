// node:_stream_writable.
import { Writable } from "node:stream";

export const { WritableState, fromWeb, toWeb } = Writable;
export { Writable };
export default Writable;
