//! Frames between parent and worker: a JSON head, and a body of raw bytes beside it. IO on the given streams only.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sms_crds::{ScrapeSource, report::Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{
    document::Document,
    extract::session::{DetailRequest, PageSummary},
};

/// Largest head or body. A page is bounded by `fetch.maxBodyBytes` long before.
const MAX_FRAME_BYTES: u32 = 1 << 30;

/// What the parent asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum Request {
    /// Compile the source; first and once.
    Start {
        /// The source.
        source: Box<ScrapeSource>,
        /// Time of the run.
        now: Timestamp,
        /// Keep raw items for `preview`.
        trace: bool,
    },
    /// Read a listing page; its bytes are the frame's body.
    Page {
        /// Head of the document.
        document: Document,
    },
    /// Which detail pages are wanted?
    Details,
    /// Merge a detail page; its bytes are the frame's body.
    Detail {
        /// Which entry.
        entry: usize,
        /// Head of the document.
        document: Document,
    },
    /// Make events of the next entries; asked until it was the last of them.
    Finish,
}

/// What the worker answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "reply", content = "with", rename_all = "camelCase")]
pub enum Reply {
    /// To `Start`.
    Started,
    /// To `Page`.
    Page(PageSummary),
    /// To `Details`.
    Details(Vec<DetailRequest>),
    /// To `Detail`.
    Merged,
    /// To `Finish`, and there is more: neither side holds all events as text. The frame's body is an
    /// [`Extraction`](crate::extract::session::Extraction) as JSON.
    Part,
    /// To `Finish`, with the last part; the process ends.
    Finished,
    /// To anything that could not be done.
    Failed {
        /// The word for it.
        reason: Reason,
        /// In words.
        message: String,
    },
}

impl Reply {
    /// Name of the answer.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Page(_) => "page",
            Self::Details(_) => "details",
            Self::Merged => "merged",
            Self::Part => "part",
            Self::Finished => "finished",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Writes one frame.
pub async fn write_frame<W: AsyncWrite + Unpin>(
    stream: &mut W,
    head: &impl Serialize,
    body: &[u8],
) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    for part in [head.as_slice(), body] {
        let length = u32::try_from(part.len())
            .ok()
            .filter(|length| *length <= MAX_FRAME_BYTES);
        let length = length.ok_or_else(|| io::Error::other("a frame is larger than 1 GiB"))?;
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(part).await?;
    }
    stream.flush().await
}

/// Reads one frame: head and body.
pub async fn read_frame<T: DeserializeOwned, R: AsyncRead + Unpin>(
    stream: &mut R,
) -> io::Result<(T, Vec<u8>)> {
    let head = read_part(stream).await?;
    let body = read_part(stream).await?;
    Ok((serde_json::from_slice(&head)?, body))
}

async fn read_part<R: AsyncRead + Unpin>(stream: &mut R) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    if length > MAX_FRAME_BYTES {
        return Err(io::Error::other("a frame is larger than 1 GiB"));
    }
    let mut part = vec![0; length as usize];
    stream.read_exact(&mut part).await?;
    Ok(part)
}

/// The worker's side of [`write_frame`], without a runtime.
pub fn write_frame_blocking(
    stream: &mut impl io::Write,
    head: &impl Serialize,
    body: &[u8],
) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    for part in [head.as_slice(), body] {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(part)?;
    }
    stream.flush()
}

/// The worker's side of reading: head and body, or `None` at the end of the stream.
pub fn read_frame_blocking<T: DeserializeOwned>(
    stream: &mut impl io::Read,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let Some(head) = read_part_blocking(stream)? else {
        return Ok(None);
    };
    let body = read_part_blocking(stream)?.unwrap_or_default();
    Ok(Some((serde_json::from_slice(&head)?, body)))
}

fn read_part_blocking(stream: &mut impl io::Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut part = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut part)?;
    Ok(Some(part))
}
