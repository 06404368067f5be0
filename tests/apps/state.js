// zustand, @tanstack/query-core, xstate: state.
// requests: GET /
import { createStore } from "zustand/vanilla";
import { QueryClient } from "@tanstack/query-core";
import { createMachine, createActor, assign } from "xstate";
export default {
  async fetch() {
    const store = createStore((set) => ({ n: 0, more: () => set((state) => ({ n: state.n + 1 })) }));
    const seen = [];
    store.subscribe((state) => seen.push(state.n));
    store.getState().more();
    store.getState().more();
    const client = new QueryClient({ defaultOptions: { queries: { retry: 1, retryDelay: 1 } } });
    let calls = 0;
    const query = { queryKey: ["a", { b: 1 }], queryFn: async () => ++calls, staleTime: 10_000 };
    const fetched = [await client.fetchQuery(query), await client.fetchQuery(query)];
    const failed = await client.fetchQuery({ queryKey: ["f"], queryFn: async () => { throw new Error("no"); } }).catch((error) => error.message);
    client.clear();
    const machine = createMachine({ id: "light", initial: "green", context: { count: 0 }, states: { green: { on: { NEXT: { target: "red", actions: assign({ count: ({ context }) => context.count + 1 }) } } }, red: { after: { 2: "green" } } } });
    const actor = createActor(machine);
    const states = [];
    actor.subscribe((state) => states.push([state.value, state.context.count]));
    actor.start();
    actor.send({ type: "NEXT" });
    await scheduler.wait(20);
    actor.stop();
    return Response.json({ seen, fetched, failed, states });
  },
};
