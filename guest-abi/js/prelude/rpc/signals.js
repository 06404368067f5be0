// AbortSignals on their way to another Worker. The one over there is another signal, which is aborted when
// this one is: the session is told, and nobody asks.
import { DOMException, flag } from "internal:errors";
import { AbortSignal, abortSignal, isAbortSignal, isAborted, newSignal, reasonOf, whenAborted } from "internal:events";
import { sendable } from "internal:rpc/values";

const refused = (text) => new DOMException(text, "DataCloneError");

sendable(
  "S",
  isAbortSignal,
  (signal, encoder) => {
    if (!flag("enable_abortsignal_rpc")) throw refused("AbortSignal serialization is not enabled.");
    const { port } = encoder;
    if (port?.aborted === undefined) throw refused("AbortSignal can only be serialized for RPC.");
    if (isAborted(signal)) return [0, encoder.encode(reasonOf(signal))];
    // It keeps no session open on the side that has it: an abort that nobody waits for is no matter.
    const target = { error: new TypeError("An AbortSignal has no methods over RPC."), isQuiet: true };
    const id = encoder.export(target);
    const forget = whenAborted(signal, (reason) => port.aborted(id, reason));
    target.forward = { drop: forget };
    return [id];
  },
  ([, id, reason], decoder) => {
    if (id === 0) return AbortSignal.abort(decoder.decode(reason));
    const signal = newSignal();
    const ref = decoder.import(id);
    decoder.port.whenAborted(id, (reason) => {
      ref.drop();
      abortSignal(signal, reason);
    });
    return signal;
  },
);
