/** @jsxImportSource preact */
// Preact rendered on the server: components, hooks, context, fragments, escaping.
// requests: GET /; GET /?name=%3Cb%3E
import { createContext } from "preact";
import { useContext, useId, useMemo, useState } from "preact/hooks";
import renderToString, { renderToStringAsync } from "preact-render-to-string";
const Theme = createContext("light");
function Item({ n }) {
  const theme = useContext(Theme);
  const [count] = useState(() => n * 2);
  const id = useId();
  return <li class={theme} id={id} style={{ color: "red", marginTop: 4 }} data-n={n}>{useMemo(() => count + 1, [count])}</li>;
}
const App = ({ name }) => (
  <Theme.Provider value="dark">
    <>
      <h1>Hello {name}</h1>
      <ul>{[1, 2, 3].map((n) => <Item key={n} n={n} />)}</ul>
      <input disabled value={'"q"'} />
      <div dangerouslySetInnerHTML={{ __html: "<i>raw</i>" }} />
      {null}{false}{0}
    </>
  </Theme.Provider>
);
export default {
  async fetch(request) {
    const name = new URL(request.url).searchParams.get("name") ?? "world";
    const page = renderToString(<App name={name} />);
    const later = await renderToStringAsync(<App name="later" />);
    return new Response(`<!doctype html>${page}${later}`, { headers: { "content-type": "text/html" } });
  },
};
