// E06 Data points for a page that was seen, and for how long a server took.
// class: local stub
// > GET /text/page
// < 200 || page
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    env.ANALYTICS.writeDataPoint({
      blobs: [url.pathname, request.headers.get("cf-connecting-country") ?? "unknown"],
      doubles: [1],
      indexes: [url.hostname],
    });
    const began = Date.now();
    const answer = await fetch(env.ORIGIN + url.pathname);
    env.ANALYTICS.writeDataPoint({
      blobs: [url.pathname, answer.status.toString()],
      doubles: [Date.now() - began],
      indexes: [url.hostname],
    });
    return answer;
  },
};
