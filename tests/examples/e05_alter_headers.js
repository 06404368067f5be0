// E05 Alter headers of a response: appended, set, deleted.
// class: local stub
// > GET /
// < 200 | x-new: yes | x-origin: changed || kept: null
export default {
  async fetch(request, env) {
    const answer = await fetch(`${env.ORIGIN}/json`);
    const copy = new Response(`kept: ${null}`, answer);
    copy.headers.append("x-new", "yes");
    copy.headers.delete("set-cookie");
    copy.headers.delete("content-type");
    copy.headers.set("x-origin", "changed");
    return copy;
  },
};
