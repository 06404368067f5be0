import{Agent,globalAgent}from"internal:node/http";var http_agent_default={Agent,globalAgent};export{Agent,http_agent_default as default,globalAgent};
