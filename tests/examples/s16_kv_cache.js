// S16 A proxy that keeps answers in KV for five minutes.
// class: local stub
// > GET /?city=berlin
// < 200 | x-cache: MISS || /json/berlin
// ? GET /?city=berlin
// < 200 | x-cache: HIT || /json/berlin
export default {
  async fetch(request, env, context) {
    const city = new URL(request.url).searchParams.get("city") ?? "here";
    const known = await env.KV.get(`s16:${city}`, "json");
    if (known !== null) return Response.json(known, { headers: { "x-cache": "HIT" } });
    const answer = await fetch(`${env.ORIGIN}/json/${encodeURIComponent(city)}`);
    if (!answer.ok) return new Response("no weather", { status: 502 });
    const weather = await answer.json();
    context.waitUntil(env.KV.put(`s16:${city}`, JSON.stringify(weather), { expirationTtl: 300 }));
    return Response.json(weather, { headers: { "x-cache": "MISS" } });
  },
};
