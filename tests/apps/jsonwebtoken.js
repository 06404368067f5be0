// jsonwebtoken: tokens by Node's cryptography.
// flags: nodejs_compat
// requests: GET /
import jwt from "jsonwebtoken";
const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    return [error.name, error.message];
  }
};
export default {
  fetch() {
    const token = jwt.sign({ sub: "ann", iat: 1000, exp: 4_000_000_000 }, "secret", { issuer: "me" });
    return Response.json({
      token,
      good: attempt(() => jwt.verify(token, "secret", { issuer: "me" })),
      bad: attempt(() => jwt.verify(token, "other")),
      issuer: attempt(() => jwt.verify(token, "secret", { issuer: "you" })),
      late: attempt(() => jwt.verify(jwt.sign({ iat: 1000, exp: 2000 }, "secret"), "secret")).at?.(0),
      decoded: jwt.decode(token, { complete: true }).header,
      long: jwt.sign({ iat: 1 }, "secret", { algorithm: "HS512" }),
    });
  },
};
