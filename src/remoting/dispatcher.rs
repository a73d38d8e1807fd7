//! From a request code to its handler.
//!
//! Owns the table of handlers, and alone knows what becomes of unknown codes and of fields that do not decode. A
//! handler only ever sees its own typed request. The table is complete before the server starts and never changes.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use skylark_protocol::command::Command;
use skylark_protocol::fields::{Fields, HeaderFields};
use skylark_protocol::request::Request;
use skylark_protocol::response_code::REQUEST_CODE_NOT_SUPPORTED;

use super::exchange::{Incoming, ListenerId, Outcome, Refusal, Reply};
use super::peer::Peer;

/// A handler at work.
pub(super) type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What a request with a code that nobody registered is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownCode {
    /// REQUEST_CODE_NOT_SUPPORTED, as a broker does.
    Refuse,
    /// Nothing, as a NameServer does.
    Silence,
}

/// The handlers of one server over its shared state.
pub struct Dispatcher<S> {
    state: S,
    routes: Routes,
}

impl<S: Clone + Send + Sync + 'static> Dispatcher<S> {
    /// No handlers yet.
    pub fn new(state: S, unknown: UnknownCode) -> Dispatcher<S> {
        Dispatcher { state, routes: Routes { endpoints: Vec::new(), unknown } }
    }

    /// Registers the handler of the request that its signature names.
    ///
    /// # Panics
    /// When that code already has a handler: two lists disagree, and the server must not start.
    pub fn on<R, H, F>(mut self, handler: H) -> Dispatcher<S>
    where
        R: Request + Send + 'static,
        R::Reply: Send,
        H: Fn(S, Incoming<R>) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = Result<Reply<R>, Refusal>> + Send + 'static,
    {
        let state = self.state.clone();
        let start = move |request: Command, arrival: Arrival| -> Step {
            let incoming = match incoming(request, arrival) {
                Ok(incoming) => incoming,
                Err(refusal) => return Step::Done(Outcome::refusal(refusal, Fields::default())),
            };
            let state = state.clone();
            // Called inside, the handler's future is built where it stays; it can be large.
            Step::Work(Box::pin(async move {
                match handler(state, incoming).await {
                    Ok(reply) => Outcome::reply(reply),
                    Err(refusal) => {
                        tracing::debug!(request = R::NAME, code = refusal.code, remark = refusal.remark, "refused");
                        Outcome::refusal(refusal, fields_of_refusal::<R>())
                    }
                }
            }))
        };
        self.routes.insert(R::CODE, R::NAME, Box::new(start));
        self
    }

    /// Answers this code as an unknown one where it comes in by `listener`.
    pub fn refuse_on(mut self, listener: ListenerId, code: i32) -> Dispatcher<S> {
        if let Some(endpoint) = self.routes.endpoint_mut(code) {
            endpoint.refused_on.push(listener);
        }
        self
    }

    pub(super) fn into_routes(self) -> Routes {
        self.routes
    }
}

/// The table without the type of the state.
pub(super) struct Routes {
    /// By request code: codes are small numbers.
    endpoints: Vec<Option<Endpoint>>,
    unknown: UnknownCode,
}

struct Endpoint {
    start: Box<dyn Fn(Command, Arrival) -> Step + Send + Sync>,
    refused_on: Vec<ListenerId>,
}

/// Where and when a request came in.
pub(super) struct Arrival {
    pub(super) peer: Peer,
    pub(super) received: Instant,
}

/// A request after its first look: settled, or a future to poll.
pub(super) enum Step {
    Done(Outcome),
    Work(Work),
}

impl Routes {
    /// A table without handlers.
    pub(super) fn none(unknown: UnknownCode) -> Routes {
        Routes { endpoints: Vec::new(), unknown }
    }

    /// Finds the handler, decodes the fields, and starts.
    pub(super) fn start(&self, request: Command, arrival: Arrival) -> Step {
        let listener = arrival.peer.listener();
        let endpoint = usize::try_from(request.code).ok().and_then(|code| self.endpoints.get(code)?.as_ref());
        match endpoint {
            Some(endpoint) if !endpoint.refused_on.contains(&listener) => (endpoint.start)(request, arrival),
            _ => Step::Done(self.unknown(request.code)),
        }
    }

    fn unknown(&self, code: i32) -> Outcome {
        tracing::debug!(code, "unknown request code");
        match self.unknown {
            UnknownCode::Silence => Outcome::Silence,
            UnknownCode::Refuse => {
                let remark = format!(" request type {code} not supported");
                Outcome::refusal(Refusal::new(REQUEST_CODE_NOT_SUPPORTED, remark), Fields::default())
            }
        }
    }

    fn insert(&mut self, code: i32, name: &str, start: Box<dyn Fn(Command, Arrival) -> Step + Send + Sync>) {
        let index = usize::try_from(code).expect("request codes are not negative");
        if self.endpoints.len() <= index {
            self.endpoints.resize_with(index + 1, || None);
        }
        assert!(self.endpoints[index].is_none(), "request code {code} ({name}) is registered twice");
        self.endpoints[index] = Some(Endpoint { start, refused_on: Vec::new() });
    }

    fn endpoint_mut(&mut self, code: i32) -> Option<&mut Endpoint> {
        self.endpoints.get_mut(usize::try_from(code).ok()?)?.as_mut()
    }
}

fn incoming<R: Request>(request: Command, arrival: Arrival) -> Result<Incoming<R>, Refusal> {
    let header = R::decode(&request.fields)?;
    Ok(Incoming {
        header,
        oneway: request.is_oneway(),
        version: request.version,
        language: request.language,
        body: request.body,
        raw: request.fields,
        listener: arrival.peer.listener(),
        peer: arrival.peer,
        received: arrival.received,
    })
}

/// Java writes `"extFields":{}` into a refusal of a request whose answer has a header class, and no key otherwise.
fn fields_of_refusal<R: Request>() -> Fields {
    let mut probe = Fields::default();
    R::Reply::default().encode(&mut probe);
    let mut fields = Fields::default();
    if probe.is_present() {
        fields.set_present();
    }
    fields
}
