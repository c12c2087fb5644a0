//! Whether a client already has what it asks for (RFC 9110 §13). Pure.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sms_crds::source::hex;

use crate::store::listing::Extent;

/// What a client compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators {
    /// The weak tag of a representation: equal tags are the same events, be they compressed or not.
    pub etag: String,
    /// Newest change of an event in it.
    pub last_modified: Option<Timestamp>,
}

impl Validators {
    /// Those of a list: `request` is everything but the events that its text depends on. `with_last_seen` is for texts
    /// that tell when an event was last seen, which changes with every run.
    ///
    /// Of each source count, newest change and sum of all changes go in, so that a change, an addition and a deletion are
    /// noticed without reading the events.
    pub fn of_list(request: &[&str], extent: &[Extent], with_last_seen: bool) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        };
        add(env!("CARGO_PKG_VERSION"));
        for text in request {
            add(text);
        }
        for part in extent {
            add(&part.source);
            add(&part.api_name);
            if with_last_seen {
                add(part.seen_at.as_deref().unwrap_or_default());
            }
            add(&part.events.to_string());
            add(&part.newest.to_string());
            add(&part.checksum);
        }
        Self {
            etag: tag(&hash.finalize()),
            last_modified: extent.iter().map(|part| part.newest).max(),
        }
    }

    /// Those of a text that is already written.
    pub fn of_text(text: &str, last_modified: Option<Timestamp>) -> Self {
        Self {
            etag: tag(&Sha256::digest(text)),
            last_modified,
        }
    }

    /// Whether `If-None-Match` names the tag. The comparison is the weak one, as RFC 9110 §13.1.2 wants it.
    pub fn are_known(&self, if_none_match: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = opaque(&self.etag);
        if_none_match.trim() == "*" || if_none_match.split(',').any(|tag| opaque(tag) == own)
    }

    /// `Last-Modified`.
    pub fn http_date(&self) -> Option<String> {
        let at = std::time::SystemTime::from(self.last_modified?);
        // The format has no years before 1970.
        (at >= std::time::UNIX_EPOCH).then(|| httpdate::fmt_http_date(at))
    }
}

fn tag(digest: &[u8]) -> String {
    format!("W/\"{}\"", hex(&digest[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent() -> Extent {
        Extent {
            source: "default/a".to_owned(),
            api_name: "a".to_owned(),
            seen_at: Some("2026-05-10T01:00:00.000Z".to_owned()),
            events: 2,
            newest: "2026-05-10T01:00:00Z".parse().unwrap(),
            checksum: "12".to_owned(),
        }
    }

    fn tag_of(extent: &[Extent]) -> String {
        Validators::of_list(&["json", "from=1"], extent, true).etag
    }

    #[test]
    fn every_part_of_an_extent_and_of_the_request_changes_the_tag() {
        let same = tag_of(&[extent()]);
        assert_eq!(same, tag_of(&[extent()]));
        let changes: [fn(&mut Extent); 6] = [
            |it| it.source.push('b'),
            |it| it.api_name.push('b'),
            |it| it.seen_at = None,
            |it| it.events = 3,
            |it| it.newest = Timestamp::UNIX_EPOCH,
            |it| it.checksum.push('0'),
        ];
        for change in changes {
            let mut other = extent();
            change(&mut other);
            assert_ne!(same, tag_of(&[other.clone()]), "{other:?}");
        }
        assert_ne!(same, tag_of(&[]));
        assert_ne!(same, tag_of(&[extent(), extent()]));
        assert_ne!(
            same,
            Validators::of_list(&["jsonf", "rom=1"], &[extent()], true).etag
        );
    }

    #[test]
    fn a_run_that_changed_nothing_leaves_the_tag_of_a_calendar() {
        let mut later = extent();
        later.seen_at = None;
        let tag = |extent: Extent| Validators::of_list(&["ics"], &[extent], false).etag;
        assert_eq!(tag(extent()), tag(later));
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let validators = Validators::of_text("x", None);
        let tag = &validators.etag;
        let strong = tag.trim_start_matches("W/");
        for known in [
            tag.clone(),
            strong.to_owned(),
            "*".to_owned(),
            format!("\"a\", {tag} ,\"b\""),
        ] {
            assert!(validators.are_known(&known), "{known}");
        }
        for unknown in ["", "\"a\"", "W/", strong.trim_matches('"'), ",,,"] {
            assert!(!validators.are_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn the_newest_change_is_told_in_the_format_of_http() {
        let validators = Validators::of_list(&[], &[extent()], true);
        assert_eq!(
            validators.http_date().as_deref(),
            Some("Sun, 10 May 2026 01:00:00 GMT")
        );
        let old = Validators::of_text("x", Some(Timestamp::MIN));
        assert_eq!(old.http_date(), None);
    }
}
