// HTMLRewriter: large tags and comments, and more open elements than the parser may remember.
export default { async fetch() {
  const f = {};
  const t = async (name, fn) => { try { f[name] = await fn(); } catch (e) { f[name] = `${e?.name}: ${e?.message ?? e}`; } };
  const R = () => new HTMLRewriter();
  await t("big", async () => { const n = R().on("a", { element() {} }).transform(new Response("<a x=\"" + "y".repeat(1 << 20) + "\">")); return (await n.text()).length; });
  await t("bigC", async () => { const n = R().on("a", { comments() {} }).transform(new Response("<!--" + "y".repeat(1 << 20))); return (await n.text()).length; });
  await t("deep", async () => (await R().on("a b", { element() {} }).transform(new Response("<i>".repeat(20000))).text()).length);
  await t("deep2", async () => (await R().on("a b", { element() {} }).transform(new Response("<a>".repeat(20000))).text()).length);
  return Response.json(f);
} };
