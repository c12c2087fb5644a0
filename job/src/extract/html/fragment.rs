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
use super::text::{lines_of, lines_of_text, text_of};
use crate::extract::error::ExtractError;

/// The text of a piece of HTML: no tags, entities decoded, white space collapsed, lines joined by a space.
pub fn fragment_text(html: &str) -> Result<String, ExtractError> {
    if is_plain(html) {
        return Ok(lines_of_text(html).join(" "));
    }
    let page = HtmlPage::parse(html, &HtmlLimits::default())?;
    Ok(page.root().map(text_of).unwrap_or_default())
}

/// The lines of a piece of HTML: `<br>` and block elements end one; empty lines are left out.
pub fn fragment_lines(html: &str) -> Result<Vec<String>, ExtractError> {
    if is_plain(html) {
        return Ok(lines_of_text(html));
    }
    let page = HtmlPage::parse(html, &HtmlLimits::default())?;
    Ok(page.root().map(lines_of).unwrap_or_default())
}

/// Whether HTML is text alone, which needs no parser.
fn is_plain(html: &str) -> bool {
    !html.contains(['<', '&'])
}

/// Every match in a piece of HTML as `{"text": …, "html": …, "attrs": {…}}`; `html` is the inner HTML.
pub fn fragment_select(html: &str, selector: &CompiledSelector) -> Result<Vec<Value>, ExtractError> {
    let page = HtmlPage::parse(html, &HtmlLimits::default())?;
    let matches = page.select(selector).map(|element| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::html::compile_selector;

    #[test]
    fn tags_go_and_entities_are_decoded_once() {
        assert_eq!(
            fragment_text("<p>A &amp;amp; B</p><p>C<br>D</p>").unwrap(),
            "A &amp; B C D"
        );
        assert_eq!(fragment_text("plain &#8211; text").unwrap(), "plain – text");
        assert_eq!(fragment_text("<td>a</td><td>b</td>").unwrap(), "a b");
        assert_eq!(fragment_text("").unwrap(), "");
    }

    #[test]
    fn matches_have_text_html_and_attributes() {
        let selector = compile_selector("a", "p").unwrap();
        assert_eq!(
            fragment_select("<p><a href='/x?a&amp;b' data-n=1>T<b>x</b></a><a>", &selector).unwrap(),
            [
                json!({"text": "Tx", "html": "T<b>x</b>", "attrs": {"href": "/x?a&b", "data-n": "1"}}),
                json!({"text": "", "html": "", "attrs": {}})
            ]
        );
    }

    #[test]
    fn a_hostile_fragment_ends_with_a_limit() {
        let bomb = "<div>".repeat(10_000);
        assert!(matches!(fragment_text(&bomb), Err(ExtractError::Limit(_))));
        let selector = compile_selector("a", "p").unwrap();
        assert!(matches!(
            fragment_select(&bomb, &selector),
            Err(ExtractError::Limit(_))
        ));
    }

    #[test]
    fn decoding_entities_keeps_tags_and_is_a_single_pass() {
        assert_eq!(
            decode_entities("a &lt;b&gt; <i>&eacute;</i></title> &amp;lt; &#x2014;&#128;"),
            "a <b> <i>é</i></title> &lt; —€"
        );
        assert_eq!(
            decode_entities("AT&T &unknown; &copy &notin; &"),
            "AT&T &unknown; © ∉ &"
        );
        assert_eq!(
            decode_entities("\u{feff}no entity \r\n"),
            "\u{feff}no entity \r\n"
        );
    }
}
