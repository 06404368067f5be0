// E04 Aggregate requests: several requests at once, one answer.
// class: local stub
// > GET /
// < 200 || ["/json/1","/json/2","/json/3"]
export default {
  async fetch(_, env) {
    const answers = await Promise.all([1, 2, 3].map((n) => fetch(`${env.ORIGIN}/json/${n}`)));
    const all = await Promise.all(answers.map((answer) => answer.json()));
    return Response.json(all.map((it) => it.path));
  },
};
