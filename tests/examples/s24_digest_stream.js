// S24 DigestStream: a body is hashed while it is sent on.
// class: local stub
// > GET /
// < 200 || same true
export default {
  async fetch(_, env) {
    const answer = await fetch(`${env.ORIGIN}/large.json`);
    const [one, two] = answer.body.tee();
    const digest = new crypto.DigestStream("SHA-256");
    const [, bytes] = await Promise.all([one.pipeTo(digest), new Response(two).arrayBuffer()]);
    const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return new Response(`same ${hex(await digest.digest) === hex(await crypto.subtle.digest("SHA-256", bytes))}`);
  },
};
