// Where a variable is that nobody has declared, by what the statement evaluates first; and what a module calls outside of functions.
let x = 1, y, late;
const o = { f() {}, g: undefined };
function yes() {}
function eval2() {}
const told = [];
const tell = (f) => {
  try {
    told.push(f());
  } catch (error) {
    told.push(error.message);
  }
};
try {
  yes({ a: late(1), b: true });
} catch (error) {
  told.push(error.message);
}
try {
  o.g.h();
} catch (error) {
  told.push(error.message);
}
try {
  yes(o.f(), o.g`a`);
} catch (error) {
  told.push(error.message);
}
try {
  new late();
} catch (error) {
  told.push(error.message);
}
try {
  const [first] = late;
} catch (error) {
  told.push(error.message);
}
tell(() => o["g"](late));
const { then } = { then: late };
try {
  then();
} catch (error) {
  told.push(error.message);
}

const all = [];
all.push(["x = nope();", async () => {
  x = nope();
}]);
all.push(["x = nope;", async () => {
  x = nope;
}]);
all.push(["x = nope + 1;", async () => {
  x = nope + 1;
}]);
all.push(["x = nope.a.b;", async () => {
  x = nope.a.b;
}]);
all.push(["o.x = nope;", async () => {
  o.x = nope;
}]);
all.push(["const a = nope();", async () => {
  const a = nope();
}]);
all.push(["const a = nope;", async () => {
  const a = nope;
}]);
all.push(["const a = nope + 1;", async () => {
  const a = nope + 1;
}]);
all.push(["const a = nope.b;", async () => {
  const a = nope.b;
}]);
all.push(["const a = new nope();", async () => {
  const a = new nope();
}]);
all.push(["const a = new nope.b();", async () => {
  const a = new nope.b();
}]);
all.push(["const a = 1, b = nope.c;", async () => {
  const a = 1, b = nope.c;
}]);
all.push(["let { a } = nope;", async () => {
  let { a } = nope;
}]);
all.push(["let { a } = nope.c;", async () => {
  let { a } = nope.c;
}]);
all.push(["let [a] = nope;", async () => {
  let [a] = nope;
}]);
all.push(["return nope;", async () => {
  return nope;
}]);
all.push(["return nope.a;", async () => {
  return nope.a;
}]);
all.push(["return nope();", async () => {
  return nope();
}]);
all.push(["return nope + 1;", async () => {
  return nope + 1;
}]);
all.push(["return (nope);", async () => {
  return (nope);
}]);
all.push(["return !nope;", async () => {
  return !nope;
}]);
all.push(["return new nope;", async () => {
  return new nope;
}]);
all.push(["throw nope;", async () => {
  throw nope;
}]);
all.push(["throw new nope();", async () => {
  throw new nope();
}]);
all.push(["if (nope) {}", async () => {
  if (nope) {}
}]);
all.push(["if (nope === 1) {}", async () => {
  if (nope === 1) {}
}]);
all.push(["if (nope.a === 1) {}", async () => {
  if (nope.a === 1) {}
}]);
all.push(["if (!nope) {}", async () => {
  if (!nope) {}
}]);
all.push(["if (!nope.a) {}", async () => {
  if (!nope.a) {}
}]);
all.push(["if (nope()) {}", async () => {
  if (nope()) {}
}]);
all.push(["if (nope && 1) {}", async () => {
  if (nope && 1) {}
}]);
all.push(["if (nope.a && 1) {}", async () => {
  if (nope.a && 1) {}
}]);
all.push(["while (nope) {}", async () => {
  while (nope) {}
}]);
all.push(["for (nope.a;;) {}", async () => {
  for (nope.a;;) {}
}]);
all.push(["for (let i = nope.a;;) {}", async () => {
  for (let i = nope.a;;) {}
}]);
all.push(["for (const x of nope) {}", async () => {
  for (const x of nope) {}
}]);
all.push(["switch (nope.a) { case 1: }", async () => {
  switch (nope.a) { case 1: }
}]);
all.push(["nope;", async () => {
  nope;
}]);
all.push(["nope.a;", async () => {
  nope.a;
}]);
all.push(["nope();", async () => {
  nope();
}]);
all.push(["nope.a();", async () => {
  nope.a();
}]);
all.push(["nope.a.b(1);", async () => {
  nope.a.b(1);
}]);
all.push(["nope.a = 1;", async () => {
  nope.a = 1;
}]);
all.push(["nope.a += 1;", async () => {
  nope.a += 1;
}]);
all.push(["nope[0] = 1;", async () => {
  nope[0] = 1;
}]);
all.push(["nope++;", async () => {
  nope++;
}]);
all.push(["nope += 1;", async () => {
  nope += 1;
}]);
all.push(["x ??= nope;", async () => {
  x ??= nope;
}]);
all.push(["x = x || nope;", async () => {
  x = x || nope;
}]);
all.push(["x = nope || x;", async () => {
  x = nope || x;
}]);
all.push(["x = nope ? 1 : 2;", async () => {
  x = nope ? 1 : 2;
}]);
all.push(["x = (nope, 1);", async () => {
  x = (nope, 1);
}]);
all.push(["x = [nope];", async () => {
  x = [nope];
}]);
all.push(["x = { a: nope };", async () => {
  x = { a: nope };
}]);
all.push(["x = `a${nope}`;", async () => {
  x = `a${nope}`;
}]);
all.push(["x = nope`a`;", async () => {
  x = nope`a`;
}]);
all.push(["x = void nope;", async () => {
  x = void nope;
}]);
all.push(["x = -nope;", async () => {
  x = -nope;
}]);
all.push(["x = delete nope.a;", async () => {
  x = delete nope.a;
}]);
all.push(["x = nope in o;", async () => {
  x = nope in o;
}]);
all.push(["x = nope instanceof o;", async () => {
  x = nope instanceof o;
}]);
all.push(["x = nope == null;", async () => {
  x = nope == null;
}]);
all.push(["x = 1 + nope;", async () => {
  x = 1 + nope;
}]);
all.push(["x = await nope;", async () => {
  x = await nope;
}]);
all.push(["x = await nope();", async () => {
  x = await nope();
}]);
all.push(["await nope();", async () => {
  await nope();
}]);
all.push(["return await nope();", async () => {
  return await nope();
}]);
all.push(["yes(nope);", async () => {
  yes(nope);
}]);
all.push(["yes(1, nope);", async () => {
  yes(1, nope);
}]);
all.push(["o.f(nope);", async () => {
  o.f(nope);
}]);
all.push(["x = y = nope;", async () => {
  x = y = nope;
}]);
all.push(["x = o.a = nope;", async () => {
  x = o.a = nope;
}]);
all.push(["class A extends nope {}", async () => {
  class A extends nope {}
}]);
all.push(["const f = (q = nope) => q; f();", async () => {
  const f = (q = nope) => q; f();
}]);
all.push(["x = nope?.a;", async () => {
  x = nope?.a;
}]);
all.push(["nope?.a();", async () => {
  nope?.a();
}]);
all.push(["x = () => nope; x();", async () => {
  x = () => nope; x();
}]);
all.push(["x = function () { return nope.z; }; x();", async () => {
  x = function () { return nope.z; }; x();
}]);
all.push(["x = (q) => nope(q); x();", async () => {
  x = (q) => nope(q); x();
}]);
all.push(["x = async () => nope(); await x();", async () => {
  x = async () => nope(); await x();
}]);
all.push(["yes(...nope);", async () => {
  yes(...nope);
}]);
all.push(["{ nope.a; }", async () => {
  { nope.a; }
}]);
all.push(["if (x) nope.a; else nope.a;", async () => {
  if (x) nope.a; else nope.a;
}]);
all.push(["try { nope.a(); } finally { }", async () => {
  try { nope.a(); } finally { }
}]);
all.push(["x = nope\n.a;", async () => {
  x = nope
.a;
}]);
all.push(["label: nope.a;", async () => {
  label: nope.a;
}]);
all.push(["eval2(nope.a);", async () => {
  eval2(nope.a);
}]);
all.push(["var v = nope.x, w;", async () => {
  var v = nope.x, w;
}]);
all.push(["x += nope;", async () => {
  x += nope;
}]);
all.push(["o.x += nope;", async () => {
  o.x += nope;
}]);
all.push(["x = x + nope;", async () => {
  x = x + nope;
}]);
all.push(["return x, nope;", async () => {
  return x, nope;
}]);
all.push(["return [nope][0];", async () => {
  return [nope][0];
}]);
all.push(["return yes(nope);", async () => {
  return yes(nope);
}]);
all.push(["return o.f(nope);", async () => {
  return o.f(nope);
}]);
all.push(["return nope ? 1 : 2;", async () => {
  return nope ? 1 : 2;
}]);
all.push(["return nope || 1;", async () => {
  return nope || 1;
}]);
all.push(["return nope === 1;", async () => {
  return nope === 1;
}]);
all.push(["return typeof nope.x;", async () => {
  return typeof nope.x;
}]);
all.push(["(nope).a;", async () => {
  (nope).a;
}]);
all.push(["new nope;", async () => {
  new nope;
}]);
all.push(["new nope.a(1);", async () => {
  new nope.a(1);
}]);
all.push(["!nope;", async () => {
  !nope;
}]);
all.push(["void nope();", async () => {
  void nope();
}]);
all.push(["x = nope.a[nope.b];", async () => {
  x = nope.a[nope.b];
}]);
all.push(["if (x)\n    return nope;", async () => {
  if (x)
    return nope;
}]);
all.push(["x =\n    nope;", async () => {
  x =
    nope;
}]);
all.push(["return {\n    a: nope };", async () => {
  return {
    a: nope };
}]);

// Line and column.
const place = ({ stack }) => /:(\d+):(\d+)\)?(?:\n|$)/.exec(stack).slice(1, 3).map(Number);

export default {
  async fetch() {
    const facts = {};
    for (const [source, f] of all) {
      x = 1;
      try {
        await f();
        facts[source] = "nothing";
      } catch (error) {
        facts[source] = [error.name, ...place(error)];
      }
    }
    const made = [];
    for (const make of [() => new Function("1"), () => Function("1")]) {
      try {
        make();
      } catch (error) {
        made.push(error.message, error.stack.split("\n")[1].trim());
      }
    }
    return Response.json({ told, facts, made });
  },
};
