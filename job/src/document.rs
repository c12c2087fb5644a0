//! A fetched page as data. Pure.

use serde::{Deserialize, Serialize};

/// A page: where it really came from and its bytes, decompressed but not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Document {
    /// Address after redirects; relative links are resolved against it.
    pub url: String,
    /// `Content-Type` header, parameters included.
    pub content_type: Option<String>,
    /// Character encoding that the manifest forces (`fetch.charset`).
    pub charset: Option<String>,
    /// The body. Sent beside the JSON header by the worker protocol, never inside it.
    #[serde(skip)]
    pub body: Vec<u8>,
}

impl Document {
    /// The document without its body, which travels beside it.
    #[must_use]
    pub fn clone_head(&self) -> Self {
        Self {
            url: self.url.clone(),
            content_type: self.content_type.clone(),
            charset: self.charset.clone(),
            body: Vec::new(),
        }
    }

    /// Whether the `Content-Type` says JSON (`application/json`, `application/ld+json`, …).
    pub fn says_json(&self) -> bool {
        self.content_type
            .as_deref()
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }
}
