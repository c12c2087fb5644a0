//! Reads a response body: decompresses it, counts it, and gives up on silence. IO.
//!
//! ```text
//! wire ─▶ count ─▶ decoder ─▶ count ─▶ decoder ─▶ count ─▶ bytes
//! ```
//!
//! Every stage is counted, so that neither a bomb nor a bomb inside a bomb is ever larger in memory or work than the
//! limit.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_compression::{
    tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder},
    zstd::DParameter,
};
use futures_util::{Stream, stream};
use reqwest::{Response, header::CONTENT_ENCODING};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, ReadBuf},
    time::timeout,
};
use tokio_util::{bytes::Bytes, io::StreamReader};

use super::failure::root_cause;

/// Most codings of one body. Two happen by misconfiguration; more are an attack.
const CODINGS: usize = 2;
/// log2 of the largest zstd window: 8 MiB (RFC 9659), not the 128 MiB that the library would give.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes that a stage gives at a time.
const CHUNK: usize = 16 * 1024;
/// What compression may add to a body that does not get smaller.
const OVERHEAD: u64 = 64 * 1024;

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// Larger than the limit, on the wire or after any decompression.
    #[error("too large")]
    TooLarge,
    /// Cut off, or not what its `Content-Encoding` says.
    #[error("{0}")]
    Broken(String),
    /// No byte for the idle timeout.
    #[error("silent")]
    Silent,
}

/// What to do with a body larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It is an error.
    Refuse,
    /// The first bytes are enough.
    Truncate,
}

/// The body of `response`, decompressed, of at most `limit` bytes.
pub async fn read(
    response: Response,
    limit: u64,
    idle: Duration,
    overflow: Overflow,
) -> Result<Vec<u8>, BodyFault> {
    let codings = codings(&response)?;
    let wire_limit = if codings.is_empty() {
        limit
    } else {
        limit.saturating_add(limit / 100 + OVERHEAD)
    };
    let declared = response.content_length();
    if overflow == Overflow::Refuse && declared.is_some_and(|length| length > wire_limit) {
        return Err(BodyFault::TooLarge);
    }
    let wire = StreamReader::new(Box::pin(wire(response, idle)));
    let mut reader: Reader = if codings.is_empty() {
        Box::new(wire)
    } else {
        counted(wire, wire_limit)
    };
    // The coding applied last is the one to undo first (RFC 9110, 8.4).
    for coding in codings.iter().rev() {
        // A chunk more than the limit, so that a truncated body gets all that it may have.
        let stage_limit = limit.saturating_add(2 * CHUNK as u64);
        reader = decoder(reader, *coding, stage_limit)
            .await
            .map_err(|error| fault(&error))?;
    }
    let expected = declared.filter(|_| codings.is_empty()).unwrap_or(0).min(limit);
    let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).min(1024 * 1024));
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        let chunk = match reader.fill_buf().await.map_err(|error| fault(&error)) {
            Ok(chunk) => chunk,
            Err(BodyFault::TooLarge) if overflow == Overflow::Truncate => return Ok(body),
            Err(fault) => return Err(fault),
        };
        if chunk.is_empty() {
            return Ok(body);
        }
        let taken = chunk.len();
        if taken > left {
            if overflow == Overflow::Refuse {
                return Err(BodyFault::TooLarge);
            }
            body.extend_from_slice(&chunk[..left]);
            return Ok(body);
        }
        body.extend_from_slice(chunk);
        reader.consume(taken);
        left -= taken;
        // Decompression alone never waits; without this no timeout could end it.
        tokio::task::consume_budget().await;
    }
}

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The codings of the body, in the order in which they were applied.
fn codings(response: &Response) -> Result<Vec<Coding>, BodyFault> {
    let values = response.headers().get_all(CONTENT_ENCODING);
    let codings = values
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .filter(|name| !matches!(name.as_str(), "" | "identity" | "none" | "utf-8"))
        .map(|name| match name.as_str() {
            "gzip" | "x-gzip" => Ok(Coding::Gzip),
            "deflate" => Ok(Coding::Deflate),
            "br" => Ok(Coding::Brotli),
            "zstd" => Ok(Coding::Zstd),
            _ => {
                let name: String = name.chars().filter(char::is_ascii_graphic).take(40).collect();
                Err(BodyFault::Broken(format!(
                    "its Content-Encoding {name:?} is unknown; set the header Accept-Encoding: identity in spec.fetch.headers"
                )))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    if codings.len() > CODINGS {
        return Err(BodyFault::Broken(format!(
            "it is compressed {} times over",
            codings.len()
        )));
    }
    Ok(codings)
}

fn wire(response: Response, idle: Duration) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(response, move |mut response| async move {
        match timeout(idle, response.chunk()).await {
            Err(_) => Err(io::Error::other(BodyFault::Silent)),
            Ok(Err(error)) => Err(io::Error::other(BodyFault::Broken(format!(
                "it ended early: {}",
                root_cause(&error.without_url())
            )))),
            Ok(Ok(chunk)) => Ok(chunk.map(|chunk| (chunk, response))),
        }
    })
}

/// A reader of what `reader` gives after `coding` is undone, counted against `limit`.
async fn decoder(mut reader: Reader, coding: Coding, limit: u64) -> io::Result<Reader> {
    // Some servers declare a coding for an empty body.
    if reader.fill_buf().await?.is_empty() {
        return Ok(reader);
    }
    Ok(match coding {
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            counted(decoder, limit)
        }
        Coding::Brotli => counted(BrotliDecoder::new(reader), limit),
        Coding::Zstd => {
            let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
            let mut decoder = ZstdDecoder::with_params(reader, &window);
            decoder.multiple_members(true);
            counted(decoder, limit)
        }
        Coding::Deflate => {
            let mut head = Vec::with_capacity(2);
            (&mut reader).take(2).read_to_end(&mut head).await?;
            let has_zlib_header = is_zlib_header(&head);
            let whole = io::Cursor::new(head).chain(reader);
            if has_zlib_header {
                counted(ZlibDecoder::new(whole), limit)
            } else {
                // Not what RFC 9110 means by deflate, but what some servers send and every browser reads.
                counted(DeflateDecoder::new(whole), limit)
            }
        }
    })
}

/// RFC 1950, 2.2: method 8, and a check sum over both bytes.
fn is_zlib_header(head: &[u8]) -> bool {
    matches!(head, [method, flags] if method & 0x0f == 8 && (u16::from(*method) * 256 + u16::from(*flags)) % 31 == 0)
}

fn counted<R: AsyncRead + Send + Unpin + 'static>(inner: R, limit: u64) -> Reader {
    Box::new(BufReader::with_capacity(CHUNK, Counted { inner, left: limit }))
}

/// Fails as soon as more than a number of bytes was read.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = (buffer.filled().len() - before) as u64;
        match self.left.checked_sub(read) {
            Some(left) => {
                self.left = left;
                polled
            }
            None => Poll::Ready(Err(io::Error::other(BodyFault::TooLarge))),
        }
    }
}

fn fault(error: &io::Error) -> BodyFault {
    if let Some(fault) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<BodyFault>())
    {
        return fault.clone();
    }
    let text = error.to_string();
    if text.contains("too much memory") {
        // zstd's answer to a window larger than the limit above.
        return BodyFault::TooLarge;
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return BodyFault::Broken("its compressed data end early".to_owned());
    }
    BodyFault::Broken(format!("it cannot be decompressed: {text}"))
}
