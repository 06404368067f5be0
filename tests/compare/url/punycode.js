// Hosts that say that they are Punycode, and others that are looked at closely.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
for (const u of ["http://xn--/", "http://xn--a/", "http://xn--a-/", "http://xn--1ch.com/", "http://xn--zn7c.com/", "http://xn--\u0000/", "http://a.xn--/", "http://xn--iñvalid.com/", "http://xn--9999/", "http://xn--ls8h.la/", "http://XN--LS8H.la/", "http://xn--a-ecp.ru/", "http://xn--0000h/", "http://a\u00ad/", "http://\u00ad/", "http://ß.de/", "http://faß.ExAmPlE/", "http://ﬀ.com/", "http://１２７.0.0.1/", "http://a..b/", "http://a.b../", "http://-a-.com/", "http://a_b.com/", "http://" + "a".repeat(64) + ".com/", "http://" + "a.".repeat(130) + "com/", "http://ab--c.com/", "http://xn--ab--c.com/", "http://a\u200db.com/", "http://a\u200cb.com/", "http://\u0300a.com/", "http://א1.com/", "http://1א.com/", "http://xn--4dbcagdahymbxekheh6e0a7fei0b.com/", "http://%41.com/", "http://%C3%A9.com/", "http://%ff.com/", "http://a%00b/", "http://a%20b/", "http://a b/", "http://a<b/", "http://a^b/", "http://a|b/", "http://a%7Cb/", "http://[::1]/", "http://[::1%25eth0]/", "http://[1::2::3]/", "http://[::1.2.3.4]/", "http://1.2.3/", "http://256.1.1.1/", "http://0x7f.1/", "http://1.2.3.4.5/", "http://1.2.3.08/", "http://4294967296/", "http://a.1/", "http://a.0x/", "http://\u{1f4a9}/", "http://☃.net/", "http://xn--n3h.net/", "http://xn--pokxncvks/", "http://xn--tiq49xqyj/", "http://≠/", "http://a≮b/", "http://。/", "http://a。b/", "http://xn--9caa/", "ws://xn--a/", "foo://xn--a/", "foo://é/", "file://xn--a/", "file://é/x", "http://xn--mgba3gch31f060k/", "http://ſ.com/", "http://K.com/", "http://Å.com/", "http://xn--bb-eka.at/", "http://xn--bbb-5ka/", "http://xn--ß/", "http://\ud800/", "http://a\ufffd/", "http://xn--zca/","http://xn--xn---epa/"]) {
  note("url " + u.slice(0, 60), () => { const x = new URL(u); return [x.hostname, x.href.length > 200 ? x.href.length : x.href]; });
  note("canparse " + u.slice(0, 60), () => URL.canParse(u));
}
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
