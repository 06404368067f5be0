//! Sessions of RPC with another Worker, or with the same one (spec: SEMANTICS §25).

use super::answer::thrown;
use super::dispatch::Call;
use super::services::{Answering, ServiceRequest, Services};
use super::{Env, sockets, undecodable};
use crate::engine::caller::Caller;
use crate::engine::invocation::{Entry, ReplyBody, RequestBody};
use crate::engine::ops::{OpFailure, OpReply, Started};
use crate::engine::terms::Terms;
use bytes::Bytes;
use http::{HeaderMap, Method};
use postern_abi::OpErrorCode;
use postern_abi::fetch::Target;
use postern_abi::limits::RPC_FIRST_MAX;
use postern_abi::rpc::RpcConnect;
use std::sync::Arc;

/// Who is called.
enum Called {
    Service {
        services: Arc<dyn Services>,
        script: String,
        entry: Entry,
        /// Whether it is the caller itself.
        is_same: bool,
    },
    /// A user Worker.
    User(Box<Call>),
}

impl Called {
    fn by(env: &Env, target: Target<'_>) -> Result<Self, OpFailure> {
        if let Target::Dispatch(ask) = target {
            return Ok(Self::User(Box::new(env.dispatched(&ask)?)));
        }
        let (services, script, entry) = env.service(target)?;
        Ok(Self::Service {
            is_same: env.is_same(&script),
            services,
            script,
            entry,
        })
    }

    fn terms(&self, caller: &Caller) -> Terms {
        match self {
            Self::Service { is_same, .. } => caller.terms(*is_same),
            Self::User(call) => call.terms(caller),
        }
    }

    fn enter(self, request: ServiceRequest) -> Answering {
        match self {
            Self::Service {
                services,
                script,
                entry,
                ..
            } => {
                let entry = Entry { rpc: true, ..entry };
                services.enter(&script, entry, request)
            }
            Self::User(call) => {
                let entry = Entry {
                    rpc: true,
                    ..Entry::default()
                };
                let services = &call.services;
                services.dispatch(call.namespace, &call.script, Some(entry), request)
            }
        }
    }
}

/// [`OpKind::RpcConnect`](postern_abi::OpKind::RpcConnect)
pub(super) fn connect(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let (asked, first): (RpcConnect<'_>, &[u8]) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("RpcConnect"))?;
    if first.len() > RPC_FIRST_MAX {
        return Err(OpFailure::new(
            OpErrorCode::TooLarge,
            format!(
                "the first message has {} bytes, the limit is {RPC_FIRST_MAX}; send it when the \
                 session is open",
                first.len()
            ),
        ));
    }
    let called = Called::by(env, asked.target)?;
    let first = Bytes::copy_from_slice(first);
    let caller = caller.clone();
    Ok(Started::Later(Box::pin(async move {
        let request = ServiceRequest {
            chain: caller.invoke()?,
            terms: called.terms(&caller),
            method: Method::POST,
            url: String::new(),
            headers: HeaderMap::new(),
            body: RequestBody::Whole(first),
            upgrade: true,
        };
        let reply = match called.enter(request).await {
            Some(Ok(reply)) => reply,
            Some(Err(failure)) => return Err(thrown(failure)),
            None => {
                return Err(OpFailure::new(
                    OpErrorCode::Thrown,
                    "Error: Worker not found.",
                ));
            }
        };
        match reply.body {
            ReplyBody::Socket(socket) => Ok(OpReply {
                socket: Some(sockets::between(socket)),
                is_session: true,
                ..OpReply::default()
            }),
            ReplyBody::Whole(_) | ReplyBody::Stream(_) => Err(OpFailure::new(
                OpErrorCode::Internal,
                "the Worker that was called answers with something else than a session",
            )),
        }
    })))
}
