//! Text to tree: feeds html5ever in small pieces, so that a page that costs too much is given up early. Pure.

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{TokenSink, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink, create_element};
use html5ever::{QualName, TokenizerResult, local_name, ns};
use scraper::{Html, HtmlTreeSink, Node};

use super::direct::{part, token};
use super::limits::{HtmlLimits, Watch};
use super::pieces::Construct;
use crate::extract::error::ExtractError;

/// Bytes between two looks at the clock.
const CLOCK_INTERVAL: usize = 16 * 1024;

/// Parses `text` as a document, or, where it begins with a part of a table, as the content of a `<template>`: the rows
/// that a page fetches by script would lose their tags outside of one.
///
/// Scripting counts as off, so that the content of `<noscript>` can be selected. The content of `<template>` is left
/// out, as a browser's selectors do not see it either, unless it is a declarative shadow root.
pub(super) fn parse(text: &str, limits: &HtmlLimits) -> Result<Html, ExtractError> {
    if u32::try_from(text.len()).is_err() {
        return Err(ExtractError::Limit("the HTML is larger than 4 GiB".to_owned()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokenizer = Tokenizer::new(Watch::new(builder_for(text), limits), options());
    let queue = BufferQueue::default();
    // The pieces, and the texts of the tree, are parts of this one copy.
    let whole = StrTendril::from_slice(text);
    let mut open = Construct::Text;
    // Whether the tokenizer is between two tokens of plain HTML.
    let mut is_between = false;
    let mut clock = 0;
    let mut at = 0;
    while at < text.len() {
        let direct = if is_between { token(&whole, at) } else { None };
        let end = if let Some((token, end)) = direct {
            // None of these tokens changes what the tokenizer makes of the text.
            let _ = tokenizer.sink.process_token(token, 0);
            end
        } else {
            let end = open.piece_end(text, at);
            let piece = &text[at..end];
            let (before, marks) = (tokenizer.sink.tokens(), tokenizer.sink.marks());
            queue.push_back(part(&whole, at, end));
            while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
            open = open.after(piece, tokenizer.sink.tokens() != before);
            tokenizer.sink.check_tag_attributes(open.attributes());
            // A tag or comment ends with `>`: where that is the last character and the only one, nothing came after it.
            let ends = memchr::memchr(b'>', piece.as_bytes()) == Some(piece.len() - 1);
            is_between = ends && tokenizer.sink.marks() != marks && !tokenizer.sink.is_raw();
            end
        };
        clock += end - at;
        if clock >= CLOCK_INTERVAL {
            clock = 0;
            tokenizer.sink.check_time();
        }
        tokenizer.sink.verdict()?;
        at = end;
    }
    tokenizer.end();
    tokenizer.sink.verdict()?;
    let mut html = tokenizer.sink.builder.sink.finish();
    leave_out_templates(&mut html);
    Ok(html)
}

/// With its own reading of a byte-order mark the tokenizer drops one from the beginning of every piece.
fn options() -> TokenizerOpts {
    TokenizerOpts {
        discard_bom: false,
        ..TokenizerOpts::default()
    }
}

fn builder_for(text: &str) -> TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink> {
    let sink = HtmlTreeSink::new(Html::new_document());
    let options = TreeBuilderOpts {
        scripting_enabled: false,
        ..TreeBuilderOpts::default()
    };
    if begins_inside_table(text) {
        let template = QualName::new(None, ns!(html), local_name!("template"));
        let context = create_element(&sink, template, Vec::new());
        TreeBuilder::new_for_fragment(sink, context, None, options)
    } else {
        TreeBuilder::new(sink, options)
    }
}

/// Whether the first tag can only stand inside a table.
fn begins_inside_table(text: &str) -> bool {
    let Some(tag) = text.trim_start().strip_prefix('<') else {
        return false;
    };
    let name: String = tag
        .chars()
        .take(9)
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    matches!(
        name.as_str(),
        "tr" | "td" | "th" | "tbody" | "thead" | "tfoot" | "caption" | "col" | "colgroup"
    )
}

fn leave_out_templates(html: &mut Html) {
    let contents: Vec<_> = html
        .tree
        .nodes()
        .filter(|node| matches!(node.value(), Node::Fragment))
        .filter(|node| {
            node.parent()
                .and_then(|template| template.value().as_element())
                .is_some_and(|template| template.attr("shadowrootmode").is_none())
        })
        .map(|node| node.id())
        .collect();
    for id in contents {
        if let Some(mut content) = html.tree.get_mut(id) {
            content.detach();
        }
    }
}

#[cfg(test)]
mod tests;
