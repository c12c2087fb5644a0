//! Times extraction through a manifest: a document in memory to fields, or to events. IO: reads two files, prints.
//!
//! `bench_extract MANIFEST DOCUMENT fields|events|floor REPEATS` compiles the manifest, reads the document once without
//! measuring, then `REPEATS` times more, and prints one JSON object: `items`, and the `processor` and `wall` seconds of
//! all repeats. With 0 repeats it prints what it read instead, a JSON object a line; with `once` it reads the document
//! once and prints how many items that gave, for a count of instructions. The time of the run is 2026-05-01T00:00:00Z, so
//! that the same document gives the same events on every day. `floor` is the format's parser alone, without any field.

use std::{
    error::Error,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use calcard::{Entry, Parser};
use jiff::{Timestamp, civil, tz::TimeZone};
use quick_xml::events::Event as Token;
use rustix::time::{ClockId, clock_gettime};
use scraper::Html;
use serde::de::IgnoredAny;
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_job::{
    document::Document,
    extract::{plan::Plan, session::Session},
    sources,
};

/// Entries of one part, as the worker process sends them.
const ENTRIES_PER_PART: usize = 500;

/// How far the document goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The manifest's fields, as a library's caller would have them.
    Fields,
    /// Normalised events, which is what the worker process hands over.
    Events,
    /// What the format's parser alone makes of it.
    Floor,
}

/// What is measured.
struct Bench {
    source: ScrapeSource,
    document: Document,
    now: Timestamp,
    until: Until,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [manifest, document, until, repeats] = arguments.as_slice() else {
        return Err("usage: bench_extract MANIFEST DOCUMENT fields|events REPEATS".into());
    };
    let bench = Bench {
        source: source(manifest)?,
        document: read(Path::new(document))?,
        now: civil::date(2026, 5, 1).to_zoned(TimeZone::UTC)?.timestamp(),
        until: match until.as_str() {
            "fields" => Until::Fields,
            "events" => Until::Events,
            "floor" => Until::Floor,
            other => return Err(format!("{other:?} is none of fields, events, floor").into()),
        },
    };
    if repeats == "once" {
        let items = bench.once(&mut bench.session()?)?;
        println!("{}", json!({ "items": items }));
        return Ok(());
    }
    match repeats.parse()? {
        0 => bench.print(),
        repeats => bench.measure(repeats),
    }
}

fn source(manifest: &str) -> Result<ScrapeSource, Box<dyn Error>> {
    let loaded = sources::from_paths(&[PathBuf::from(manifest)]);
    if let Some(problem) = loaded.problems.first() {
        return Err(problem.clone().into());
    }
    let first = loaded.sources.into_iter().next();
    first
        .map(|loaded| (*loaded.source).clone())
        .ok_or_else(|| format!("{manifest}: no source").into())
}

/// A document as a server with a good `Content-Type` sends it.
fn read(path: &Path) -> Result<Document, Box<dyn Error>> {
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => "application/json",
        Some("ics") => "text/calendar; charset=utf-8",
        Some("xml") => "application/xml",
        _ => "text/html; charset=utf-8",
    };
    Ok(Document {
        url: "https://venue.example/list".to_owned(),
        content_type: Some(kind.to_owned()),
        charset: None,
        body: std::fs::read(path)?,
    })
}

impl Bench {
    fn session(&self) -> Result<Session, Box<dyn Error>> {
        let plan = Plan::compile(&self.source, self.now).map_err(|errors| format!("{errors:?}"))?;
        Ok(Session::new(plan, false))
    }

    /// One document; the number of fields or events.
    fn once(&self, session: &mut Session) -> Result<usize, Box<dyn Error>> {
        if self.until == Until::Floor {
            return floor(&self.document);
        }
        session.page(&self.document)?;
        if self.until == Until::Fields {
            return Ok(session.items().count());
        }
        let mut events = 0;
        while !session.is_finished() {
            events += session.part(ENTRIES_PER_PART).events.len();
        }
        Ok(events)
    }

    fn measure(&self, repeats: usize) -> Result<(), Box<dyn Error>> {
        // A session keeps what it read, so each repeat has one of its own, made before the clock starts.
        let mut sessions = (0..=repeats)
            .map(|_| self.session())
            .collect::<Result<Vec<_>, _>>()?;
        let mut warm = sessions.pop().ok_or("no session")?;
        let items = self.once(&mut warm)?;
        drop(warm);
        let (wall, processor) = (Instant::now(), processor_time());
        for mut session in sessions {
            if self.once(&mut session)? != items {
                return Err("a repeat read another number of items".into());
            }
        }
        let (wall, processor) = (wall.elapsed(), processor_time().saturating_sub(processor));
        let figures = json!({
            "items": items, "processor": processor.as_secs_f64(), "wall": wall.as_secs_f64()
        });
        println!("{figures}");
        Ok(())
    }

    fn print(&self) -> Result<(), Box<dyn Error>> {
        let mut session = self.session()?;
        session.page(&self.document)?;
        let mut output = BufWriter::new(io::stdout().lock());
        if self.until == Until::Fields {
            for fields in session.items() {
                writeln!(output, "{}", serde_json::to_string(fields)?)?;
            }
            return Ok(());
        }
        while !session.is_finished() {
            let part = session.part(ENTRIES_PER_PART);
            for event in &part.events {
                writeln!(output, "{}", serde_json::to_string(event)?)?;
            }
            for rejected in &part.rejected {
                writeln!(
                    output,
                    "{}",
                    json!({ "rejected": serde_json::to_value(rejected)? })
                )?;
            }
        }
        Ok(())
    }
}

/// Parses the document and throws it away: JSON without keeping a value, HTML to a tree, a calendar to components, XML
/// to its tokens. Something that the parser counted.
fn floor(document: &Document) -> Result<usize, Box<dyn Error>> {
    let text = std::str::from_utf8(&document.body)?;
    Ok(match document.content_type.as_deref().unwrap_or_default() {
        kind if kind.contains("json") => {
            serde_json::from_str::<IgnoredAny>(text)?;
            1
        }
        kind if kind.contains("html") => Html::parse_document(text).tree.nodes().len(),
        kind if kind.contains("calendar") => match Parser::new(text).entry() {
            Entry::ICalendar(calendar) => calendar.components.len(),
            _ => return Err("no calendar".into()),
        },
        _ => {
            let mut reader = quick_xml::Reader::from_str(text);
            let mut tokens = 0;
            while !matches!(reader.read_event()?, Token::Eof) {
                tokens += 1;
            }
            tokens
        }
    })
}

/// Processor time of this process so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}
