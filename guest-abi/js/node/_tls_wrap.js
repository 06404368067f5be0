import{connect,TLSSocket}from"node:tls";var tls_wrap_default={TLSSocket,connect};export{TLSSocket,connect,tls_wrap_default as default};
