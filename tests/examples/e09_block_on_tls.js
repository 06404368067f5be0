// E09 Block on TLS version: without a cf object the version is unknown.
// class: as it is
// > GET /
// < 500 || the version is not known
export default {
  async fetch(request, env) {
    try {
      const version = request.cf.tlsVersion;
      if (!["TLSv1.2", "TLSv1.3"].includes(version)) return new Response("use TLS 1.2 or newer", { status: 403 });
      return await fetch(env.ORIGIN);
    } catch (error) {
      return Response.json({ error: "the version is not known", name: error.name }, { status: 500 });
    }
  },
};
