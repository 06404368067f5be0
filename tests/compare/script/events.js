// A classic script: listeners instead of exports, what events have, who answers.
// script: classic
// requests: GET /; GET /facts; GET /async; GET /twice; GET /value; GET /throw; GET /reject; GET /throw-after; GET /wait; GET /second; GET /stop; GET /handled; GET /this; GET /late; POST /body hello
var declared = "var";
let scoped = "let";
function declaredFunction() {
  return "function";
}
globalThis.assigned = "assigned";
const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const order = [];
addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  switch (pathname) {
    case "/":
      return event.respondWith(new Response("root"));
    case "/facts": {
      const facts = {
        type: event.type,
        tag: Object.prototype.toString.call(event),
        chain: [event instanceof FetchEvent, event instanceof ExtendableEvent, event instanceof Event],
        request: event.request instanceof Request,
        trusted: event.isTrusted,
        cancelable: event.cancelable,
        bubbles: event.bubbles,
        target: event.target === globalThis,
        current: event.currentTarget === globalThis,
        phase: event.eventPhase,
        globals: [globalThis.declared, typeof globalThis.scoped, typeof globalThis.declaredFunction, assigned, scoped, declaredFunction()],
        self: self === globalThis,
        thisIs: typeof this,
        exports: typeof exports,
        module: typeof module,
        require: typeof require,
        strict: (function () { return this === undefined; })(),
        sloppy: attempt(() => { implicit = 1; return typeof globalThis.implicit; }),
        keys: Object.getOwnPropertyNames(FetchEvent.prototype).sort(),
        constructed: attempt(() => new FetchEvent("fetch", {})),
        extendable: attempt(() => new ExtendableEvent("x")),
        wait: attempt(() => event.waitUntil(Promise.resolve())),
        waitNothing: attempt(() => event.waitUntil()),
        waitValue: attempt(() => event.waitUntil(5)),
        pass: attempt(() => event.passThroughOnException()),
        lengths: [event.respondWith.length, event.waitUntil.length, event.passThroughOnException.length],
      };
      return event.respondWith(Response.json(facts));
    }
    case "/async":
      return event.respondWith((async () => {
        await scheduler.wait(1);
        return new Response("later");
      })());
    case "/twice":
      event.respondWith(new Response("first"));
      order.push(attempt(() => event.respondWith(new Response("second"))));
      return;
    case "/value": {
      const told = [attempt(() => event.respondWith(5)), attempt(() => event.respondWith("x")), attempt(() => event.respondWith(null)), attempt(() => event.respondWith())];
      return event.respondWith(Response.json(told));
    }
    case "/throw":
      throw new Error("thrown");
    case "/reject":
      return event.respondWith(Promise.reject(new Error("rejected")));
    case "/throw-after":
      event.respondWith(new Response("answered"));
      throw new Error("after");
    case "/wait":
      event.waitUntil(scheduler.wait(1).then(() => order.push("waited")));
      return event.respondWith(new Response("waits"));
    case "/stop":
      event.stopImmediatePropagation();
      return event.respondWith(new Response("stopped"));
    case "/this":
      return event.respondWith(new Response(String(order.length > 0)));
    case "/body":
      return event.respondWith(event.request.text().then((text) => new Response(`${event.request.method} ${text}`)));
  }
});
addEventListener("fetch", {
  handleEvent(event) {
    const { pathname } = new URL(event.request.url);
    if (pathname === "/second") event.respondWith(new Response(`second ${event.defaultPrevented}`));
    if (pathname === "/handled") event.respondWith(Promise.resolve(new Response(`handled ${this !== globalThis}`)));
    if (pathname === "/late") {
      event.respondWith(scheduler.wait(1).then(() => Response.json(order)));
    }
  },
});
