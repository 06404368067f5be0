// node:_stream_transform.
import { Transform } from "node:stream";

export { Transform };
export default Transform;
