//! The worker process itself: answers requests on standard input until it ends. IO on the standard streams only.

use std::io;

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use sms_crds::report::Reason;

use super::{
    limits,
    protocol::{Reply, Request, read_frame_blocking, write_frame_blocking},
};
use crate::extract::{error::ExtractError, plan::Plan, session::Session};

/// The hidden first argument that makes the binary a worker.
pub const ARGUMENT: &str = "extract-worker";

/// Most entries of one part of the answer: enough to make the exchange cheap, few enough to weigh nothing.
const ENTRIES_PER_PART: usize = 500;

/// Stack of the thread that waits for the parent's end, in bytes.
const WATCH_STACK_BYTES: usize = 64 << 10;

/// Answers requests until standard input ends. The work runs in a thread of its own, since only there the size of the
/// stack is ours to say.
pub fn run() -> io::Result<()> {
    limits::apply();
    std::thread::Builder::new()
        .stack_size(WATCH_STACK_BYTES)
        .spawn(end_with_parent)?;
    let thread = std::thread::Builder::new()
        .stack_size(limits::STACK_BYTES)
        .spawn(serve)?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the extraction thread panicked")))
}

/// Ends this process when the parent closes its end of the pipe, and be it by its death: a worker that is busy reads nothing,
/// and would go on for as long as its processor time lasts.
fn end_with_parent() {
    let input = io::stdin();
    // No event is asked for; that the other end is closed is told all the same.
    let mut pipe = [PollFd::new(&input, PollFlags::empty())];
    loop {
        match poll(&mut pipe, None) {
            Ok(_) => std::process::exit(1),
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn serve() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut session = None;
    let mut allowance = limits::Allowance::new(None);
    while let Some((request, body)) = read_frame_blocking::<Request>(&mut input)? {
        match &request {
            Request::Start { source, .. } => {
                allowance = limits::Allowance::new(source.spec.fetch.max_body_bytes);
            }
            Request::Page { .. } | Request::Detail { .. } => allowance.page(body.len()),
            Request::Details | Request::Finish => {}
        }
        let (reply, body) = match (request, &mut session) {
            (Request::Finish, Some(session)) => finish(session)?,
            (request, session) => (answer(session, request, body), Vec::new()),
        };
        write_frame_blocking(&mut output, &reply, &body)?;
        if matches!(reply, Reply::Finished) {
            // The operating system takes the memory back faster than we could.
            std::process::exit(0);
        }
    }
    Ok(())
}

fn answer(session: &mut Option<Session>, request: Request, body: Vec<u8>) -> Reply {
    match (request, session) {
        (Request::Start { source, now, trace }, session) => match Plan::compile(&source, now) {
            Ok(plan) => {
                *session = Some(Session::new(plan, trace).streaming(ENTRIES_PER_PART));
                Reply::Started
            }
            Err(errors) => {
                let message = errors
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; ");
                Reply::Failed {
                    reason: Reason::InvalidSource,
                    message,
                }
            }
        },
        (Request::Page { mut document }, Some(session)) => {
            document.body = body;
            session
                .page(&document)
                .map_or_else(|error| failed(&error), Reply::Page)
        }
        (Request::Details, Some(session)) => Reply::Details(session.details()),
        (Request::Detail { entry, mut document }, Some(session)) => {
            document.body = body;
            session
                .detail(entry, &document)
                .map_or_else(|error| failed(&error), |()| Reply::Merged)
        }
        _ => Reply::Failed {
            reason: Reason::Internal,
            message: "a request came before start".to_owned(),
        },
    }
}

/// The next part of the events, and whether it is the last.
fn finish(session: &mut Session) -> io::Result<(Reply, Vec<u8>)> {
    let part = session.json_part(ENTRIES_PER_PART)?;
    let reply = match session.is_finished() {
        true => Reply::Finished,
        false => Reply::Part,
    };
    Ok((reply, part))
}

fn failed(error: &ExtractError) -> Reply {
    Reply::Failed {
        reason: error.reason(),
        message: error.to_string(),
    }
}
