// node:_stream_duplex.
import { Duplex } from "node:stream";

export const { from, fromWeb, toWeb } = Duplex;
export { Duplex };
export default Duplex;
