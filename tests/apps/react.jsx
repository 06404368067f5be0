// react-dom/server: to a string, static, and as a stream with Suspense.
// requests: GET /; GET /stream; GET /static
import { createContext, Suspense, use, useContext, useId, useMemo, useState } from "react";
import { renderToReadableStream, renderToStaticMarkup, renderToString } from "react-dom/server.edge";
const Theme = createContext("light");
function Item({ n }) {
  const theme = useContext(Theme);
  const [count] = useState(n * 2);
  return <li className={theme} style={{ color: "red", marginTop: 4 }} id={useId()}>{useMemo(() => count + 1, [count])}</li>;
}
const App = ({ children }) => (
  <Theme.Provider value="dark">
    <ul>{[1, 2, 3].map((n) => <Item key={n} n={n} />)}</ul>
    <p title={'"q" & <b>'}>{"<escaped> & more"}</p>
    {children}
  </Theme.Provider>
);
function Later({ promise }) {
  return <em>{use(promise)}</em>;
}
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const headers = { "content-type": "text/html" };
    if (pathname === "/static") return new Response(renderToStaticMarkup(<App />), { headers });
    if (pathname === "/stream") {
      const promise = new Promise((resolve) => setTimeout(() => resolve("came later"), 5));
      const stream = await renderToReadableStream(<App><Suspense fallback={<i>wait</i>}><Later promise={promise} /></Suspense></App>);
      await stream.allReady;
      return new Response(stream, { headers });
    }
    return new Response(renderToString(<App />), { headers });
  },
};
