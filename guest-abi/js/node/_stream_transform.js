import{Transform}from"node:stream";var stream_transform_default=Transform;export{Transform,stream_transform_default as default};
