// Calls of KV, twenty at a time, and what each says: the calls are put in front of it.
export default {
  async fetch(request, { KV }) {
    const from = Number(new URL(request.url).searchParams.get("from"));
    for (const [key, value] of [["a", "1"], ["bad", "{x"], ["p", ""], ["j", '{"x":1}'], ["a:1", "a:1"]]) await KV.put(key, value);
    const said = [];
    for (const call of CALLS.slice(from, from + 20)) {
      let when = "at once ";
      try {
        const given = call(KV);
        when = "";
        said.push(JSON.stringify(await given) ?? "undefined");
      } catch (error) {
        said.push(`${when}${error.name}: ${error.message}`);
      }
    }
    return Response.json(said);
  },
};
