// Reads @cloudflare/workers-types with the TypeScript compiler and prints what it declares as JSON: types with their
// members and statics, functions, constants, and what the modules of the platform export. What is only a shape for
// arguments and results, with no method, is left out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(`${process.argv[2]}/x.js`);
const ts = require("typescript");
const file = `${process.argv[2]}/@cloudflare/workers-types/index.d.ts`;
const { version } = JSON.parse(readFileSync(`${process.argv[2]}/@cloudflare/workers-types/package.json`));
const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
const K = ts.SyntaxKind;
const types = new Map();
const entry = (name, kind) => {
  const known = types.get(name);
  if (known === undefined) types.set(name, { name, kind, members: new Set(), statics: new Set(), methods: 0 });
  else if (known.kind === "interface") known.kind = kind;
  return types.get(name);
};
const has = (node, kind) => (node.modifiers ?? []).some((it) => it.kind === kind);
function label(node) {
  if (node.name === undefined) return null;
  if (node.name.kind === K.ComputedPropertyName) {
    const text = node.name.expression.getText();
    return /^Symbol\.\w+$/.test(text) ? `[${text}]` : null;
  }
  return node.name.text ?? node.name.getText();
}
function addMembers(into, nodes) {
  for (const node of nodes) {
    if (has(node, K.PrivateKeyword) || has(node, K.ProtectedKeyword)) continue;
    if ([K.Constructor, K.ConstructSignature, K.CallSignature, K.IndexSignature].includes(node.kind)) continue;
    const name = label(node);
    if (name === null || name === "prototype" || name.startsWith("#") || name.startsWith("__")) continue;
    if (has(node, K.StaticKeyword)) {
      into.statics.add(name);
      continue;
    }
    // A property that need not be there says nothing.
    if (node.questionToken && into.kind === "interface") continue;
    into.members.add(name);
    if ([K.MethodDeclaration, K.MethodSignature].includes(node.kind)) into.methods++;
  }
}
function exportsOf(body, into) {
  for (const node of body.statements) {
    if (node.kind === K.VariableStatement) for (const it of node.declarationList.declarations) into.members.add(it.name.getText());
    if ([K.ClassDeclaration, K.FunctionDeclaration].includes(node.kind) && node.name && !node.name.text.startsWith("_")) into.members.add(node.name.text);
    if (node.kind === K.ExportDeclaration && node.exportClause?.elements) for (const it of node.exportClause.elements) into.members.add(it.name.text);
  }
}
const namespaces = new Map();
for (const node of source.statements) if (node.kind === K.ModuleDeclaration && node.name.kind === K.Identifier) namespaces.set(node.name.text, node);
for (const node of source.statements) {
  switch (node.kind) {
    case K.ClassDeclaration:
      addMembers(entry(node.name.text, "class"), node.members);
      break;
    case K.InterfaceDeclaration:
      addMembers(entry(node.name.text, "interface"), node.members);
      break;
    case K.FunctionDeclaration:
      entry(node.name.text, "function");
      break;
    case K.VariableStatement:
      for (const it of node.declarationList.declarations) {
        const name = it.name.text;
        if (it.type?.kind === K.TypeLiteral) {
          const statics = { statics: new Set(), members: new Set(), methods: 0 };
          addMembers(statics, it.type.members);
          const into = entry(name, "class");
          for (const member of statics.members) into.statics.add(member);
        } else if (it.type?.kind !== K.NeverKeyword) entry(name, "constant");
      }
      break;
    case K.ModuleDeclaration: {
      const name = node.name.text;
      if (node.name.kind === K.Identifier ? name !== "WebAssembly" : name.includes("*")) break;
      const into = entry(name, node.name.kind === K.Identifier ? "namespace" : "module");
      const assigned = node.body.statements.find((it) => it.kind === K.ExportAssignment);
      exportsOf(assigned ? namespaces.get(assigned.expression.getText()).body : node.body, into);
      break;
    }
  }
}
const list = [...types.values()]
  .filter((it) => it.kind !== "interface" || it.methods > 0)
  .map(({ name, kind, members, statics }) => ({ name, kind, members: [...members].sort(), statics: [...statics].sort() }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
console.log(`{"version":${JSON.stringify(version)},"types":[`);
console.log(list.map((it) => JSON.stringify(it)).join(",\n"));
console.log("]}");
