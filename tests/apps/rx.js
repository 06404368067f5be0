// rxjs: observables, schedulers, operators.
// requests: GET /
import { asapScheduler, BehaviorSubject, catchError, combineLatest, concatMap, debounceTime, defer, delay, EMPTY, firstValueFrom, from, groupBy, interval, lastValueFrom, map, merge, mergeMap, observeOn, of, reduce, ReplaySubject, retry, scan, share, Subject, switchMap, take, takeUntil, throwError, timeout, timer, toArray, zip } from "rxjs";
export default {
  async fetch() {
    const all = (source) => lastValueFrom(source.pipe(toArray()));
    let tries = 0;
    const replay = new ReplaySubject(2);
    [1, 2, 3].forEach((n) => replay.next(n));
    replay.complete();
    const stop = new Subject();
    const until = all(interval(2).pipe(takeUntil(stop), share()));
    setTimeout(() => stop.next(), 30);
    return Response.json({
      operators: await all(from([3, 1, 2]).pipe(map((n) => n * 2), scan((a, b) => a + b, 0), concatMap((n) => of(n).pipe(delay(1))))),
      timers: await all(interval(1).pipe(take(3))),
      merged: await all(merge(timer(5).pipe(map(() => "late")), of("soon"))),
      zipped: await all(zip(of(1, 2), of("a", "b"))),
      latest: await firstValueFrom(combineLatest([new BehaviorSubject(1), of(2)])),
      switched: await all(from([1, 2]).pipe(switchMap((n) => of(n).pipe(delay(2))))),
      retried: await all(defer(() => (++tries < 3 ? throwError(() => new Error("no")) : of(tries))).pipe(retry(5))),
      caught: await all(throwError(() => new RangeError("x")).pipe(catchError((error) => of(error.name)))),
      late: await all(timer(50).pipe(timeout(2), catchError((error) => of(error.name)))),
      grouped: await all(from([1, 2, 3, 4]).pipe(groupBy((n) => n % 2), mergeMap((group) => group.pipe(reduce((a, b) => a + b))))),
      replay: await all(replay),
      asap: await all(of(1).pipe(observeOn(asapScheduler))),
      empty: await lastValueFrom(EMPTY).catch((error) => error.name),
      until: (await until).length > 1,
      debounced: await all(from([1, 2, 3]).pipe(debounceTime(2))),
    });
  },
};
