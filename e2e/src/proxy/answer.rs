//! What a call is answered with: the server's own answer, or another. IO.

use std::{convert::Infallible, sync::Arc};

use futures_util::future;
use http::{HeaderMap, HeaderName, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use kube::client::Body;

use super::{Act, Answer, Call, Error, Sent, Shared, Verb, act, lock};

/// Headers that are about one connection (RFC 9110, 7.6.1) or about who asks.
const OF_ONE_HOP: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

pub(super) async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Sent>, Error> {
    let call = Call::of(&request);
    lock(&shared.calls).push(call.clone());
    let act = (lock(&shared.rule))(&call);
    match act {
        Act::Forward => forward(request, &call, &shared).await,
        Act::Instead(answer) => {
            shared.faults.send_modify(|faults| *faults += 1);
            give(answer, &call, &shared).await
        }
        Act::After(answer) => {
            let done = forward(request, &call, &shared).await?;
            let _ = done.into_body().collect().await;
            shared.faults.send_modify(|faults| *faults += 1);
            give(answer, &call, &shared).await
        }
        Act::Late => {
            let (head, body) = request.into_parts();
            let request = Request::from_parts(head, body.collect().await?.to_bytes());
            let mut late = shared.late.subscribe();
            shared.faults.send_modify(|faults| *faults += 1);
            tokio::spawn(async move {
                let _ = late.wait_for(|late| *late).await;
                let _ = sent(request, &call, &shared).await;
            });
            future::pending().await
        }
    }
}

async fn forward(request: Request<Incoming>, call: &Call, shared: &Shared) -> Result<Response<Sent>, Error> {
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head, body.collect().await?.to_bytes());
    sent(request, call, shared).await
}

/// The server's own answer.
async fn sent(request: Request<Bytes>, call: &Call, shared: &Shared) -> Result<Response<Sent>, Error> {
    let (mut head, body) = request.into_parts();
    drop_headers_of_one_hop(&mut head.headers);
    let page = *lock(&shared.page);
    if let Some(size) = page.filter(|_| call.verb == Verb::List) {
        head.uri = call.in_pages_of(size).parse()?;
    }
    let answer = shared
        .client
        .send(Request::from_parts(head, Body::from(body)))
        .await?;
    let (mut head, body) = answer.into_parts();
    drop_headers_of_one_hop(&mut head.headers);
    if call.verb == Verb::Watch {
        return Ok(Response::from_parts(head, shared.watches.shown(body)));
    }
    let body = body.collect().await?.to_bytes();
    if call.verb == Verb::List && head.status.is_success() {
        lock(&shared.recorded).note(call, &body);
    }
    Ok(Response::from_parts(head, whole(body)))
}

async fn give(answer: Answer, call: &Call, shared: &Shared) -> Result<Response<Sent>, Error> {
    let body = match answer {
        Answer::Status { code, retry_after } => return act::status(code, &act::words(code), retry_after),
        Answer::Told { code, message } => return act::status(code, message, None),
        Answer::Reset => return Err("the connection is cut".into()),
        Answer::Silence => match future::pending::<Infallible>().await {},
        Answer::Quiet => shared.watches.quiet(),
        Answer::Expired => whole(act::expired()),
        Answer::Recorded => {
            let recorded = lock(&shared.recorded).of(call);
            whole(recorded.ok_or_else(|| format!("nothing is recorded of {call}"))?)
        }
    };
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)?)
}

pub(super) fn whole(body: Bytes) -> Sent {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

fn drop_headers_of_one_hop(headers: &mut HeaderMap) {
    for name in OF_ONE_HOP {
        headers.remove(name);
    }
}
