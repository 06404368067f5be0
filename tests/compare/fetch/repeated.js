// Values appended under one name: which are sent as one, and which in lines of their own.
const NAMES = [
  "cache-control", "vary", "link", "location", "accept", "allow", "age", "via", "etag", "content-language",
  "content-disposition", "www-authenticate", "access-control-allow-origin", "strict-transport-security",
  "access-control-allow-headers", "content-security-policy", "set-cookie", "x-twice", "server-timing",
];
export default {
  fetch() {
    const headers = new Headers({ "content-type": "text/plain" });
    for (const value of ["1", "2", "3"]) for (const name of NAMES) headers.append(name, value);
    headers.append("content-type", "charset=utf-8");
    return new Response("told", { headers });
  },
};
