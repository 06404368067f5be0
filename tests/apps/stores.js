// Redux Toolkit, MobX, fp-ts, lru-cache, p-queue: state, what follows it, and what waits its turn.
// requests: GET /
import { configureStore, createAsyncThunk, createEntityAdapter, createListenerMiddleware, createSelector, createSlice, isAnyOf } from "@reduxjs/toolkit";
import { autorun, makeAutoObservable, observable, observe, reaction, runInAction, toJS, when } from "mobx";
import { pipe } from "fp-ts/function";
import * as A from "fp-ts/Array";
import * as E from "fp-ts/Either";
import * as N from "fp-ts/number";
import * as O from "fp-ts/Option";
import * as R from "fp-ts/Record";
import * as TE from "fp-ts/TaskEither";
import { LRUCache } from "lru-cache";
import PQueue from "p-queue";

async function redux() {
  const load = createAsyncThunk("x/load", async (n, { rejectWithValue }) => (n > 1 ? rejectWithValue("big") : n * 2), { idGenerator: () => "id" });
  const adapter = createEntityAdapter({ sortComparer: (a, b) => a.n - b.n });
  const slice = createSlice({
    name: "x",
    initialState: adapter.getInitialState({ state: "idle" }),
    reducers: { add: adapter.addOne, update: adapter.updateOne },
    extraReducers: (builder) =>
      builder
        .addCase(load.fulfilled, (draft, { payload }) => void (draft.state = payload))
        .addMatcher(isAnyOf(load.rejected), (draft, { payload }) => void (draft.state = payload)),
  });
  const heard = [];
  const listener = createListenerMiddleware();
  listener.startListening({ actionCreator: slice.actions.add, effect: async ({ payload }, api) => { await api.delay(1); heard.push(payload.id); } });
  const store = configureStore({ reducer: { x: slice.reducer }, middleware: (usual) => usual().prepend(listener.middleware) });
  store.dispatch(slice.actions.add({ id: "b", n: 2 }));
  store.dispatch(slice.actions.add({ id: "a", n: 1 }));
  store.dispatch(slice.actions.update({ id: "a", changes: { n: 9 } }));
  await store.dispatch(load(1));
  const loaded = store.getState().x.state;
  await store.dispatch(load(2));
  await new Promise((resolve) => setTimeout(resolve, 10));
  return [loaded, store.getState(), heard, createSelector([(state) => state.x.ids], (ids) => ids.join())(store.getState())];
}

async function mobx() {
  class Todos {
    items = [];
    filter = "";
    constructor() { makeAutoObservable(this); }
    get shown() { return this.items.filter((it) => it.includes(this.filter)); }
    add(it) { this.items.push(it); }
    *load() { this.add("loading"); this.add(yield Promise.resolve("loaded")); }
  }
  const todos = new Todos();
  const seen = [];
  autorun(() => seen.push(todos.shown.length));
  todos.add("a");
  todos.add("b");
  runInAction(() => { todos.add("ab"); todos.filter = "a"; });
  await todos.load();
  const map = observable.map({ a: 1 });
  observe(map, ({ type, name }) => seen.push([type, name]));
  const box = observable.box(1);
  reaction(() => box.get(), (now, before) => seen.push([now, before]));
  runInAction(() => { map.set("b", 2); map.delete("a"); box.set(5); });
  await when(() => box.get() === 5);
  return [seen, toJS(todos.items), [...map]];
}

const functional = async () => [
  pipe([3, 1, 2], A.sort(N.Ord), A.map((it) => it * 2), A.partition((it) => it > 3)),
  pipe(O.some(1), O.map((it) => it + 1), O.filter((it) => it > 5), O.getOrElse(() => 0)),
  pipe(E.tryCatch(() => JSON.parse("{"), (error) => error.name), E.fold((left) => `left ${left}`, (right) => right)),
  await pipe(TE.tryCatch(() => Promise.reject(new Error("x")), (error) => error.message), TE.orElse((error) => TE.right(`after ${error}`)))(),
  pipe({ b: 2, a: 1 }, R.toEntries),
  A.sequence(O.Applicative)([O.some(1), O.none]),
];

async function cache() {
  const gone = [];
  const cache = new LRUCache({ max: 3, maxSize: 10, sizeCalculation: (value) => value.length, dispose: (value, key, why) => gone.push([value, key, why]) });
  for (const [key, value] of Object.entries({ a: "aa", b: "bbb" })) cache.set(key, value);
  cache.get("a");
  for (const [key, value] of Object.entries({ c: "cccc", d: "dd" })) cache.set(key, value);
  const fetching = new LRUCache({ max: 2, fetchMethod: async (key) => `${key}!` });
  return [[...cache.entries()], gone, cache.calculatedSize, await fetching.fetch("a"), await Promise.all(["a", "b", "b"].map((key) => fetching.fetch(key)))];
}

async function queue() {
  const queue = new PQueue({ concurrency: 2 });
  const order = [];
  const done = [1, 2, 3, 4, 5].map((n) => queue.add(async () => { order.push(n); await null; return n; }, { priority: n === 5 ? 1 : 0 }));
  return [await Promise.all(done), order, queue.size, queue.pending];
}

export default {
  async fetch() {
    return Response.json({ redux: await redux(), mobx: await mobx(), functional: await functional(), cache: await cache(), queue: await queue() });
  },
};
