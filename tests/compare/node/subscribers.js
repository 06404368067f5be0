// Whether a channel has subscribers is a property by date, and a method before.
// flags: nodejs_compat
// date: 2026-06-01
import diagnostics from "node:diagnostics_channel";
export default {
  fetch() {
    const channel = diagnostics.channel("a");
    const before = [channel.hasSubscribers, diagnostics.hasSubscribers("a")];
    const listens = () => {};
    channel.subscribe(listens);
    const during = [channel.hasSubscribers, diagnostics.hasSubscribers("a")];
    channel.unsubscribe(listens);
    const traced = diagnostics.tracingChannel("t");
    const found = Object.getOwnPropertyDescriptor(diagnostics.Channel.prototype, "hasSubscribers");
    const shape = found && [typeof found.value, typeof found.get, typeof found.set, found.enumerable, found.configurable];
    const untraced = traced.hasSubscribers;
    traced.subscribe({ start: listens });
    return Response.json({ before, during, after: channel.hasSubscribers, untraced, traced: traced.hasSubscribers, shape: shape ?? null });
  },
};
