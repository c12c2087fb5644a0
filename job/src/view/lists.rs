//! Lists of events: a page as JSON, a calendar in pieces. IO: reads the store.

use axum::body::Body;
use futures_util::stream;
use tracing::warn;

use super::{
    context::View,
    cursor,
    query::{self, Listing},
};
use crate::{
    calendar,
    store::{
        StoredEvent,
        listing::{Extent, Filter, Position},
        reader::ReadError,
    },
};

/// Events that are read first; how many are read next goes by the length of these.
const FIRST_CHUNK: u32 = 25;

/// Most events of a calendar, the earliest first.
pub const CALENDAR_LIMIT: u32 = 10_000;

/// A page that is longer in bytes ends early: its events may have long descriptions.
const PAGE_BYTES: usize = 1_048_576;

/// How many events to read next, after a chunk that was this long: about as many bytes as a page has. Each may have long
/// descriptions, so that a number alone says nothing about the memory they take.
fn next_chunk(events: u32, bytes: usize) -> u32 {
    let mean = bytes / events.max(1) as usize;
    let fitting = PAGE_BYTES / mean.max(1);
    u32::try_from(fitting).unwrap_or(u32::MAX).clamp(10, 200)
}

/// The page, and where the next one is.
pub struct WrittenPage {
    /// JSON.
    pub text: String,
    /// Relative address of the next page.
    pub next: Option<String>,
}

/// Number of events.
pub fn total(extent: &[Extent]) -> i64 {
    extent.iter().map(|part| part.events).sum()
}

/// A page of events as JSON: `total`, `events`, and the cursor `next` unless it is the last page.
///
/// # Errors
/// The store does not answer.
pub async fn page(view: &View, listing: &Listing, total: i64) -> Result<WrittenPage, ReadError> {
    let mut text = format!("{{\"total\":{total},\"events\":[");
    let mut after = listing.after.clone();
    let mut left = listing.limit;
    let mut chunk = FIRST_CHUNK;
    let mut has_more = true;
    while has_more && left > 0 && text.len() < PAGE_BYTES {
        // One more tells whether there is a next page.
        let wanted = left.min(chunk);
        let begun = text.len();
        let events = view
            .reader
            .page(&listing.filter, after.as_ref(), wanted + 1)
            .await?;
        let mut events = events.into_iter();
        for listed in events.by_ref().take(wanted as usize) {
            match listed.stored {
                Ok(event) => write_event(&mut text, &event),
                Err(unreadable) => view.unreadable(&unreadable),
            }
            after = Some(listed.position);
            left -= 1;
            if text.len() >= PAGE_BYTES {
                break;
            }
        }
        has_more = events.next().is_some();
        chunk = next_chunk(wanted, text.len() - begun);
    }
    let next = after.filter(|_| has_more);
    let cursor = next.as_ref().map(cursor::write);
    // A cursor has no character that JSON escapes.
    let cursor = cursor.map_or_else(|| "null".to_owned(), |cursor| format!("\"{cursor}\""));
    text.push_str("],\"next\":");
    text.push_str(&cursor);
    text.push_str("}\n");
    Ok(WrittenPage {
        text,
        next: next.map(|after| query::next(listing, &after)),
    })
}

fn write_event(text: &mut String, stored: &StoredEvent) {
    match serde_json::to_string(stored) {
        Ok(event) => {
            if !text.ends_with('[') {
                text.push(',');
            }
            text.push_str(&event);
        }
        Err(error) => warn!(id = stored.uid, "Left out an event: {error}"),
    }
}

/// A calendar that is written while it is read.
struct Feed {
    view: View,
    filter: Filter,
    after: Option<Position>,
    left: u32,
    chunk: u32,
    is_over: bool,
}

impl Feed {
    /// The next events, and the last line after them.
    async fn piece(&mut self) -> Result<String, ReadError> {
        let wanted = self.left.min(self.chunk);
        let events = self
            .view
            .reader
            .page(&self.filter, self.after.as_ref(), wanted)
            .await?;
        let read = u32::try_from(events.len()).unwrap_or(wanted);
        self.left = self.left.saturating_sub(read);
        self.is_over = read < wanted || self.left == 0;
        let mut text = String::new();
        for listed in events {
            match listed.stored {
                Ok(event) => text.push_str(&calendar::event(&event)),
                Err(unreadable) => self.view.unreadable(&unreadable),
            }
            self.after = Some(listed.position);
        }
        self.chunk = next_chunk(read, text.len());
        if self.is_over {
            text.push_str(calendar::END);
        }
        Ok(text)
    }
}

/// A calendar as the body of an answer. Its beginning is read before the answer begins, so that a store that fails is told
/// by its status; one that fails later breaks the answer off, which clients notice.
///
/// # Errors
/// The store does not answer.
pub async fn calendar(view: View, filter: Filter, about: &calendar::About) -> Result<Body, ReadError> {
    let mut feed = Feed {
        view,
        filter,
        after: None,
        left: CALENDAR_LIMIT,
        chunk: FIRST_CHUNK,
        is_over: false,
    };
    let first = calendar::head(Some(about)) + &feed.piece().await?;
    let pieces = stream::try_unfold((Some(first), feed), async |(first, mut feed)| {
        let piece = match first {
            Some(first) => first,
            None if feed.is_over => return Ok(None),
            None => feed.piece().await.inspect_err(|error| {
                warn!("Broke off a calendar: {error}");
            })?,
        };
        Ok::<_, ReadError>(Some((piece, (None, feed))))
    });
    Ok(Body::from_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_about_as_long_as_a_page_whatever_its_events_are() {
        let table = [
            (25, 25 * 500, 200),
            (25, 25 * 10_000, 104),
            (25, 25 * 60_000, 17),
            (10, 10_000_000, 10),
            (25, 0, 200),
            (0, 0, 200),
        ];
        for (events, bytes, wanted) in table {
            assert_eq!(next_chunk(events, bytes), wanted, "{events} of {bytes}");
        }
    }
}
