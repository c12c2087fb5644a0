//! Pieces of HTML inside other data, for jq programs. Pure.

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{RawKind, State};
use html5ever::tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use serde_json::{Map, Value, json};

use super::limits::HtmlLimits;
use super::page::HtmlPage;
use super::selector::CompiledSelector;
use super::text::text_of;
use crate::extract::error::ExtractError;

/// The text of a piece of HTML: no tags, entities decoded, white space collapsed, lines joined by a space.
pub fn fragment_text(html: &str) -> Result<String, ExtractError> {
    let page = HtmlPage::parse(html, &HtmlLimits::default())?;
    Ok(page.root().map(text_of).unwrap_or_default())
}

/// Every match in a piece of HTML as `{"text": …, "html": …, "attrs": {…}}`; `html` is the inner HTML.
pub fn fragment_select(html: &str, selector: &CompiledSelector) -> Result<Vec<Value>, ExtractError> {
    let page = HtmlPage::parse(html, &HtmlLimits::default())?;
    let matches = page.select(&selector.0).map(|element| {
        let attributes: Map<String, Value> = element
            .value()
            .attrs()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        json!({"text": text_of(element), "html": element.inner_html(), "attrs": attributes})
    });
    Ok(matches.collect())
}

/// Decodes character references (`&amp;`, `&#8211;`) once and by the rules of HTML; tags stay as they are.
pub fn decode_entities(text: &str) -> String {
    if !text.contains('&') || u32::try_from(text.len()).is_err() {
        return text.to_owned();
    }
    // In the RCDATA state, which is that of <title>, references are all that is not plain text.
    let options = TokenizerOpts {
        initial_state: Some(State::RawData(RawKind::Rcdata)),
        discard_bom: false,
        ..TokenizerOpts::default()
    };
    let tokenizer = Tokenizer::new(Characters::default(), options);
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(text));
    while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Characters(RefCell<String>);

impl TokenSink for Characters {
    type Handle = ();

    fn process_token(&self, token: Token, _line_number: u64) -> TokenSinkResult<()> {
        if let Token::CharacterTokens(characters) = token {
            self.0.borrow_mut().push_str(&characters);
        }
        TokenSinkResult::Continue
    }
}
