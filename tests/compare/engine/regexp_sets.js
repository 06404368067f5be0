// What the flag v reserves in classes means itself outside of them.
const P = String.raw;
const PATTERNS = [P`--`, P`a--b`, P`&&|\|\||\?\?`, P`<<|>>>?`, P`[=!]==?`, P`(?:ab)-(?:c)/`, P`!!|##|%%|,,|::|;;|==|>>|@@|~~`, P`a{2}-`, P`[a--b]`, P`[[a-z]&&[aeiou]]`, P`[(]`, P`[a-z&&]`, P`[--]`, P`[\-\-]`, P`[&&]`, P`[!!]`, P`a|-`, P`]`, P`}`, P`{`, P`(`, P`)`];
const TEXTS = ["a--b", "a && b || c ?? d", "1 << 2 >>> 3", "x !== y", "ab-c/", "aa-", "!!##", "a", "e", "(", "-"];
export default {
  fetch() {
    const told = {};
    for (const pattern of PATTERNS) {
      for (const flags of ["v", "u", "gv", "iv"]) {
        try {
          const found = new RegExp(pattern, flags);
          told[`${pattern} ${flags}`] = TEXTS.map((text) => found[Symbol.match](text)?.[0] ?? null);
        } catch (error) {
          told[`${pattern} ${flags}`] = `${error.name}: ${error.message}`;
        }
      }
    }
    return Response.json(told);
  },
};
