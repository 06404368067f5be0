// node:_stream_passthrough.
import { PassThrough } from "node:stream";

export { PassThrough };
export default PassThrough;
