export*from"node:util";import{default as default2}from"node:util";export{default2 as default};
