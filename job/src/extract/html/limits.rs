//! What a page of HTML may cost, and the watch that stops the parser when it costs more. Pure, but for the processor
//! clock.
//!
//! html5ever is quadratic in the depth of nesting and in the attributes of one tag, and can make many nodes of few
//! bytes, so the limits are checked with every token and not only at the end.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeSink};
use scraper::HtmlTreeSink;

use crate::{extract::error::ExtractError, processor_time};

/// Most of everything that a page may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlLimits {
    /// Elements inside each other. Browsers flatten what is deeper than 512.
    pub depth: usize,
    /// Elements, texts and comments.
    pub nodes: usize,
    /// Attributes of all elements together.
    pub attributes: usize,
    /// Attributes of one tag.
    pub tag_attributes: usize,
    /// Processor time of the parsing thread.
    pub processor_time: Duration,
}

impl Default for HtmlLimits {
    fn default() -> Self {
        Self {
            depth: 512,
            nodes: 1_000_000,
            attributes: 2_000_000,
            tag_attributes: 1024,
            processor_time: Duration::from_secs(5),
        }
    }
}

/// Passes tokens to the tree builder until a limit is exceeded, and none after that.
pub(super) struct Watch<'l> {
    pub(super) builder: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>,
    limits: &'l HtmlLimits,
    started: Duration,
    tokens: Cell<usize>,
    marks: Cell<usize>,
    raw: Cell<bool>,
    nodes: Cell<usize>,
    attributes: Cell<usize>,
    root_attributes: Cell<usize>,
    exceeded: RefCell<Option<String>>,
}

impl<'l> Watch<'l> {
    pub(super) fn new(
        builder: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>,
        limits: &'l HtmlLimits,
    ) -> Self {
        Self {
            builder,
            limits,
            started: processor_time::of_this_thread(),
            tokens: Cell::new(0),
            marks: Cell::new(0),
            raw: Cell::new(false),
            nodes: Cell::new(0),
            attributes: Cell::new(0),
            root_attributes: Cell::new(0),
            exceeded: RefCell::new(None),
        }
    }

    /// Tokens so far. Inside a tag or a comment the number stands still.
    pub(super) fn tokens(&self) -> usize {
        self.tokens.get()
    }

    /// Tags, comments and doctypes so far.
    pub(super) fn marks(&self) -> usize {
        self.marks.get()
    }

    /// Whether what follows the last tag is raw text.
    pub(super) fn is_raw(&self) -> bool {
        self.raw.get()
    }

    /// Stops with `problem`; the first one is kept.
    pub(super) fn exceed(&self, problem: String) {
        self.exceeded.borrow_mut().get_or_insert(problem);
    }

    /// Looks at the processor clock.
    pub(super) fn check_time(&self) {
        if processor_time::of_this_thread().saturating_sub(self.started) > self.limits.processor_time {
            self.exceed(format!(
                "the HTML takes more than {:?} to parse",
                self.limits.processor_time
            ));
        }
    }

    /// The number of attributes of one tag, complete or not.
    pub(super) fn check_tag_attributes(&self, count: usize) {
        if count > self.limits.tag_attributes {
            self.exceed(format!(
                "one tag has more than {} attributes",
                self.limits.tag_attributes
            ));
        }
    }

    /// The limit that was exceeded, if any.
    pub(super) fn verdict(&self) -> Result<(), ExtractError> {
        match self.exceeded.borrow().as_ref() {
            Some(problem) => Err(ExtractError::Limit(problem.clone())),
            None => Ok(()),
        }
    }

    fn check_tag(&self, kind: TagKind, name: &str, attributes: usize) {
        // The attributes of each further <html> and <body> tag are added to the one element, one by one.
        let attributes = if kind == TagKind::StartTag && matches!(name, "html" | "body") {
            self.root_attributes.set(self.root_attributes.get() + attributes);
            self.root_attributes.get()
        } else {
            attributes
        };
        self.check_tag_attributes(attributes);
    }

    fn check_tree(&self) {
        let html = self.builder.sink.0.borrow();
        let mut nodes = html.tree.nodes();
        let count = nodes.len();
        let added = count - self.nodes.replace(count);
        if added == 0 {
            return;
        }
        // A token may make many elements: those of formatting that is still open are made again in each paragraph.
        let attributes: usize = nodes
            .clone()
            .rev()
            .take(added)
            .filter_map(|node| node.value().as_element().map(|element| element.attrs.len()))
            .sum();
        self.attributes.set(self.attributes.get() + attributes);
        if count > self.limits.nodes {
            self.exceed(format!("the HTML has more than {} nodes", self.limits.nodes));
        }
        if self.attributes.get() > self.limits.attributes {
            self.exceed(format!(
                "the HTML has more than {} attributes",
                self.limits.attributes
            ));
        }
        if let Some(newest) = nodes.next_back()
            && newest.ancestors().count() > self.limits.depth
        {
            self.exceed(format!(
                "the HTML is nested more than {} elements deep",
                self.limits.depth
            ));
        }
    }
}

impl TokenSink for Watch<'_> {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<Self::Handle> {
        match &token {
            Token::ParseError(_) => return TokenSinkResult::Continue,
            Token::TagToken(tag) => self.check_tag(tag.kind, &tag.name, tag.attrs.len()),
            _ => {}
        }
        self.tokens.set(self.tokens.get() + 1);
        if matches!(
            token,
            Token::TagToken(_) | Token::CommentToken(_) | Token::DoctypeToken(_)
        ) {
            self.marks.set(self.marks.get() + 1);
            self.raw.set(false);
        }
        if self.exceeded.borrow().is_some() {
            return TokenSinkResult::Continue;
        }
        let result = self.builder.process_token(token, line_number);
        if matches!(result, TokenSinkResult::RawData(_) | TokenSinkResult::Plaintext) {
            self.raw.set(true);
        }
        self.check_tree();
        result
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}
