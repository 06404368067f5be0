// effect, neverthrow, ts-pattern, p-limit, p-retry, nanostores: ways to write programs.
// requests: GET /
import { Effect, Option, pipe, Result, Schedule, Schema, Stream } from "effect";
import { err, ok, ResultAsync } from "neverthrow";
import { match, P } from "ts-pattern";
import pLimit from "p-limit";
import pRetry from "p-retry";
import { atom, computed } from "nanostores";
class Missing {
  readonly _tag = "Missing";
}
export default {
  async fetch() {
    let tries = 0;
    const flaky = Effect.suspend(() => (++tries < 3 ? Effect.fail(new Missing()) : Effect.succeed(tries)));
    const limit = pLimit(2);
    let running = 0;
    let most = 0;
    await Promise.all([1, 2, 3, 4].map((n) => limit(async () => { most = Math.max(most, ++running); await scheduler.wait(2); running--; return n; })));
    const count = atom(1);
    const twice = computed(count, (n) => n * 2);
    count.set(4);
    return Response.json({
      effect: [
        await Effect.runPromise(flaky.pipe(Effect.retry(Schedule.recurs(5)))),
        await Effect.runPromise(Effect.result(Effect.fail("no"))).then((it) => Result.isFailure(it)),
        await Effect.runPromise(Effect.all([Effect.succeed(1), Effect.sleep("2 millis").pipe(Effect.as(2))], { concurrency: "unbounded" })),
        await Effect.runPromise(Effect.timeout(Effect.never, "3 millis").pipe(Effect.catchTag("TimeoutError", () => Effect.succeed("late")))),
        await Effect.runPromise(Stream.runCollect(Stream.range(1, 5).pipe(Stream.filter((n) => n % 2 === 1)))).then((it) => [...it]),
        Schema.decodeUnknownSync(Schema.Struct({ a: Schema.FiniteFromString, b: Schema.optionalKey(Schema.Array(Schema.String)) }))({ a: "5", b: ["x"] }),
        pipe(Option.some(2), Option.map((n) => n + 1), Option.getOrElse(() => 0)),
      ],
      neverthrow: [ok(1).map((n) => n + 1).unwrapOr(0), err("x").isErr(), await ResultAsync.fromPromise(Promise.reject(new Error("r")), (error) => (error as Error).message)],
      pattern: match({ kind: "x", list: [1, 2] }).with({ kind: P.union("x", "y"), list: [P._, P.select()] }, (second) => second).otherwise(() => null),
      limited: most,
      retried: await pRetry(async (attempt) => { if (attempt < 3) throw new Error("again"); return attempt; }, { retries: 5, minTimeout: 1 }),
      stores: twice.get(),
    });
  },
};
