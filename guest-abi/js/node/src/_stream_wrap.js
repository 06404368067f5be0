// node:_stream_wrap: the socket that stands for any other stream, as far as it can be made.
import { Socket } from "node:net";

export default class JSStreamSocket extends Socket {
  constructor(stream) {
    super();
    this.stream = stream;
  }
}
