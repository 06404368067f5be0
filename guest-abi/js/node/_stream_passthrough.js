import{PassThrough}from"node:stream";var stream_passthrough_default=PassThrough;export{PassThrough,stream_passthrough_default as default};
