// Who waits for an async generator that has ended, and in which order; what `Promise.try()` gives.
let ticks = 0;
async function counted(run) {
  const marks = [];
  const mark = (name) => marks.push(`${name}@${ticks}`);
  ticks = 0;
  const clock = (async () => {
    for (let at = 0; at < 40; at++) {
      await null;
      ticks++;
    }
  })();
  await Promise.all([run(mark), clock]);
  return marks.join(" ");
}
const tests = {
  async queued(mark) {
    async function* numbers() {
      yield 1;
      yield 2;
    }
    const all = numbers();
    await Promise.all([
      all.next().then(() => mark("first")),
      all.next().then(() => mark("second")),
      all.next().then(() => mark("third")),
      all.return(5).then(({ value, done }) => mark(`returned ${value} ${done}`)),
      all.next().then(({ value, done }) => mark(`next ${value} ${done}`)),
      all.throw(new Error("late")).catch((error) => mark(error.message)),
      all.return(Promise.resolve(7)).then(({ value }) => mark(`returned ${value}`)),
      all.return(Promise.reject(new Error("no"))).catch((error) => mark(error.message)),
      all.next().then(({ done }) => mark(`next ${done}`)),
    ]);
  },
  async before(mark) {
    async function* numbers() {
      mark("never");
    }
    const returned = numbers();
    const thrown = numbers();
    await Promise.all([
      returned.return(Promise.resolve(1)).then(({ value }) => mark(`returned ${value}`)),
      returned.next().then(({ done }) => mark(`next ${done}`)),
      thrown.throw(new Error("early")).catch((error) => mark(error.message)),
      thrown.next().then(({ done }) => mark(`after ${done}`)),
    ]);
  },
  async delegated(mark) {
    async function* inner() {
      try {
        yield 1;
        yield 2;
      } finally {
        mark("inner");
      }
    }
    async function* outer() {
      try {
        yield* inner();
      } finally {
        mark("outer");
      }
    }
    for await (const number of outer()) {
      mark(`got ${number}`);
      break;
    }
    mark("done");
  },
  async withoutReturn(mark) {
    const plain = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }) }) };
    async function* outer() {
      try {
        yield* plain;
      } finally {
        mark("outer");
      }
    }
    const all = outer();
    await all.next();
    mark("got");
    const { value } = await all.return(Promise.resolve(8));
    mark(`returned ${value}`);
  },
  async tried(mark) {
    const promise = Promise.resolve(1);
    mark(Promise.try(() => promise) === promise);
    class Own extends Promise {}
    mark(Own.try(() => promise) === promise);
    mark(Own.try((value) => Own.resolve(value), 5) instanceof Own);
    await Promise.all([
      Promise.try(async () => {}).then(() => mark("async")),
      Promise.try(() => 1).then(() => mark("value")),
      Own.try(async () => {}).then(() => mark("own")),
      Promise.try(() => {
        throw new Error("thrown");
      }).catch((error) => mark(error.message)),
      Promise.try(null).catch((error) => mark(error.name)),
    ]);
  },
  async awaited(mark) {
    async function* outer() {
      return yield* (async function* () {
        return Promise.resolve(3);
      })();
    }
    const { value } = await outer().next();
    mark(`returned ${value}`);
  },
};
export default {
  async fetch() {
    const facts = {};
    for (const [name, run] of Object.entries(tests)) facts[name] = await counted(run);
    return Response.json(facts);
  },
};
