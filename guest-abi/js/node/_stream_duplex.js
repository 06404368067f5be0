import{Duplex}from"node:stream";var{from,fromWeb,toWeb}=Duplex;var stream_duplex_default=Duplex;export{Duplex,stream_duplex_default as default,from,fromWeb,toWeb};
