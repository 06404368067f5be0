// S38 A rate limit that answers 429.
// class: as it is
// > GET /
// < 200 || within
export default {
  async fetch(request, env) {
    const { success } = await env.RATE.limit({ key: new URL(request.url).pathname });
    return success ? new Response("within") : new Response("429 Failure: too often", { status: 429 });
  },
};
