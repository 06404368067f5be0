import{Writable}from"node:stream";var{WritableState,fromWeb,toWeb}=Writable;var stream_writable_default=Writable;export{Writable,WritableState,stream_writable_default as default,fromWeb,toWeb};
