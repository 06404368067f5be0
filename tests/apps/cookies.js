// cookie and set-cookie-parser: headers in and out.
// requests: GET /
import * as cookie from "cookie";
import setCookie from "set-cookie-parser";
export default {
  fetch(request) {
    const headers = new Headers();
    headers.append("set-cookie", cookie.serialize("a", "b c/ü", { httpOnly: true, maxAge: 60, path: "/", sameSite: "strict", secure: true, expires: new Date(0), domain: "x.example", partitioned: true, priority: "high" }));
    headers.append("set-cookie", cookie.serialize("plain", "1"));
    let refused;
    try {
      cookie.serialize("bad name", "x");
    } catch (error) {
      refused = [error.name, error.message];
    }
    const body = {
      parsed: cookie.parse('a=1; b="two"; c=%20x; broken; a=2; d=%zz'),
      none: cookie.parse(request.headers.get("cookie") ?? ""),
      back: setCookie.parse(headers.getSetCookie()),
      split: setCookie.splitCookiesString("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT, b=2"),
      refused,
    };
    return Response.json(body, { headers });
  },
};
