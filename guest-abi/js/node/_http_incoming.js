import{IncomingMessage}from"internal:node/http";var http_incoming_default={IncomingMessage};export{IncomingMessage,http_incoming_default as default};
