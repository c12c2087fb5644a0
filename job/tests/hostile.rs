//! Hostile documents and programs against the real binary: each ends inside the limits of processor time and memory, with
//! a clear reason, and nothing of it is stored.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(
    clippy::format_collect,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "tables of attacks, made once"
)]

#[path = "hostile/calendars.rs"]
mod calendars;
#[path = "hostile/charsets.rs"]
mod charsets;
#[path = "hostile/family.rs"]
mod family;
#[path = "hostile/feeds.rs"]
mod feeds;
#[path = "hostile/html.rs"]
mod html;
#[path = "hostile/json.rs"]
mod json;
#[path = "hostile/manifests.rs"]
mod manifests;
#[path = "hostile/measured.rs"]
mod measured;
#[path = "hostile/programs.rs"]
mod programs;
#[path = "hostile/structured.rs"]
mod structured;
#[path = "hostile/texts.rs"]
mod texts;
