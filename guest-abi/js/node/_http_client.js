import{ClientRequest}from"internal:node/http";var http_client_default={ClientRequest};export{ClientRequest,http_client_default as default};
