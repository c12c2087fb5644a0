//! `robots.txt` (RFC 9309): what a server's answer means, and whether a page is allowed. Pure.
//!
//! The file is condensed before it is parsed: the parser compiles one regular expression for each rule with `$`,
//! which makes a hostile file cost seconds and hundreds of megabytes.

use std::{fmt::Write as _, time::Duration};

use texting_robots::Robot;
use url::{Position, Url};

/// Name of this program in `robots.txt`.
pub const PRODUCT_TOKEN: &str = "sms_scraper";
/// Bytes that are read (RFC 9309, 2.5: at least 500 KiB).
pub const SIZE_LIMIT: u64 = 500 * 1024;
/// Longest `Crawl-delay` that is obeyed.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// A longer line is ignored; no address that long is fetched.
const LINE_LIMIT: usize = 4096;
/// Most rules with `$` that are matched exactly; the rest are made stricter.
const ANCHORED_LIMIT: usize = 200;
const ANCHORED_LENGTH: usize = 256;
const ANCHORED_STARS: usize = 8;

/// What the status of `robots.txt` means (RFC 9309, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The body has the rules.
    Rules,
    /// There is no such file: everything is allowed.
    Unrestricted,
    /// The server fails: nothing is allowed for now.
    Nothing,
}

/// What `status` means.
pub fn access(status: u16) -> Access {
    match status {
        200..=299 => Access::Rules,
        500..=599 => Access::Nothing,
        _ => Access::Unrestricted,
    }
}

/// Rules of one origin for this program.
#[derive(Debug)]
pub struct Rules(Option<Robot>);

impl Rules {
    /// Everything is allowed.
    pub fn unrestricted() -> Self {
        Self(None)
    }

    /// The rules in `body`, of which the first [`SIZE_LIMIT`] bytes count. What is no rule is ignored.
    pub fn parse(body: &[u8]) -> Self {
        let robot = Robot::new(PRODUCT_TOKEN, condense(body).as_bytes());
        // Condensed rules always compile; should one not, the strict reading is the safe one.
        Self(
            robot
                .or_else(|_| Robot::new(PRODUCT_TOKEN, b"User-agent: *\nDisallow: /"))
                .ok(),
        )
    }

    /// Whether `url` may be fetched.
    pub fn allows(&self, url: &Url) -> bool {
        let path = normalise(
            url[Position::BeforePath..Position::AfterQuery].as_bytes(),
            Part::Path,
        );
        self.0.as_ref().is_none_or(|robot| robot.allowed(&path))
    }

    /// `Crawl-delay`, at most 10 s.
    pub fn delay(&self) -> Option<Duration> {
        let seconds = self.0.as_ref()?.delay?;
        Duration::try_from_secs_f32(seconds.min(LONGEST_DELAY.as_secs_f32())).ok()
    }
}

enum Line<'a> {
    Agent(&'a [u8]),
    Allow(&'a [u8]),
    Disallow(&'a [u8]),
    Delay(f32),
}

/// The lines that matter, each in one spelling and small.
fn condense(body: &[u8]) -> String {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let limit = usize::try_from(SIZE_LIMIT).unwrap_or(usize::MAX);
    let body = match body.get(..limit) {
        // What was cut in the middle of a line is no rule.
        Some(head) => &head[..head.iter().rposition(|byte| is_line_end(*byte)).unwrap_or(0)],
        None => body,
    };
    let mut text = String::new();
    let mut anchored = 0;
    let mut in_group = false;
    for line in body.split(|byte| is_line_end(*byte)).filter_map(read_line) {
        // Writing to a String cannot fail.
        let _ = match line {
            Line::Agent(value) => {
                in_group = true;
                writeln!(text, "User-agent: {}", product_token(value))
            }
            Line::Delay(seconds) => writeln!(text, "Crawl-delay: {seconds}"),
            Line::Allow(value) if in_group => match rule(value, &mut anchored) {
                (pattern, true) => writeln!(text, "Allow: {pattern}"),
                (_, false) => Ok(()),
            },
            Line::Disallow(value) if in_group => {
                writeln!(text, "Disallow: {}", rule(value, &mut anchored).0)
            }
            Line::Allow(_) | Line::Disallow(_) => Ok(()),
        };
    }
    text
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

fn read_line(line: &[u8]) -> Option<Line<'_>> {
    if line.len() > LINE_LIMIT {
        return None;
    }
    let line = line
        .split(|byte| *byte == b'#')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let separator = line
        .iter()
        .position(|byte| *byte == b':')
        .or_else(|| line.iter().position(u8::is_ascii_whitespace))?;
    let (key, value) = (&line[..separator], line[separator + 1..].trim_ascii());
    let key: String = key
        .iter()
        .filter(|byte| !matches!(byte, b' ' | b'-' | b'_' | b'\t'))
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    match key.as_str() {
        "useragent" => Some(Line::Agent(value)),
        _ if value.is_empty() => None,
        "allow" => Some(Line::Allow(value)),
        "disallow" | "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => {
            Some(Line::Disallow(value))
        }
        "crawldelay" => {
            let seconds: f32 = std::str::from_utf8(value).ok()?.parse().ok()?;
            (seconds.is_finite() && seconds >= 0.0).then_some(Line::Delay(seconds))
        }
        _ => None,
    }
}

/// The product token at the start of a `User-agent` value: `Foo/1.0 (x)` is `Foo` (RFC 9309, 2.2.1).
fn product_token(value: &[u8]) -> String {
    if value.starts_with(b"*") {
        return "*".to_owned();
    }
    let token: String = value
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
        .map(|byte| char::from(*byte))
        .collect();
    // No name at all still ends the group before it.
    if token.is_empty() { "-".to_owned() } else { token }
}

/// The pattern of a rule, and whether it is as strict as written. A rule with `$` beyond the limits loses the `$`, and
/// then disallows more than it says; as an `Allow` it would allow more, so it does not count.
fn rule(value: &[u8], anchored: &mut usize) -> (String, bool) {
    let (body, is_anchored) = match value.strip_suffix(b"$") {
        Some(body) => (body, true),
        None => (value, false),
    };
    let pattern = normalise(body, Part::Pattern);
    if !is_anchored {
        return (pattern, true);
    }
    *anchored += 1;
    let stars = pattern.bytes().filter(|byte| *byte == b'*').count();
    if *anchored > ANCHORED_LIMIT || pattern.len() > ANCHORED_LENGTH || stars > ANCHORED_STARS {
        return (pattern, false);
    }
    (pattern + "$", true)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Pattern,
}

/// Percent-encoding in one form (RFC 9309, 2.2.2): unreserved characters decoded, digits in upper case, everything that
/// is not printable ASCII encoded. `*` and `$` of a path are encoded, since in a pattern they are operators.
fn normalise(bytes: &[u8], part: Part) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| hex_pair(tail)).flatten();
        let (byte, is_escape) = escaped.map_or((*first, false), |byte| (byte, true));
        rest = if is_escape { &tail[2..] } else { tail };
        let is_operator = byte == b'$' || (byte == b'*' && part == Part::Path);
        let is_plain = if is_escape {
            byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
        } else {
            byte.is_ascii_graphic() && !is_operator && !b"\"<>`#".contains(&byte)
        };
        if is_plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    match bytes {
        [high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

#[cfg(test)]
#[path = "robots_tests.rs"]
mod tests;
