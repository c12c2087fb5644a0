//! The canaries, by what may be told of them, and the search for them. Pure.

/// In Secrets: nowhere else in the cluster, and in nothing that is said.
pub const OF_SECRETS: &str = "canary5ecret0fTheVenue";
/// In annotations and labels that are not the operator's business.
pub const OF_OTHERS: &str = "canaryAnn0tation0f0thers";
/// Written into a source or into the operator's settings by somebody who knows no better. It travels to the Pods, and is in
/// nothing that is said about it.
pub const PLAIN: &str = "canaryPla1nInTheSpec";

/// Texts that were searched, and where a canary was found.
#[derive(Default)]
pub struct Search {
    texts: usize,
    bytes: usize,
    hits: Vec<String>,
}

impl Search {
    /// Searches a text for some of the canaries; `place` names it.
    pub fn look(&mut self, place: &str, text: &str, canaries: &[&str]) {
        const AROUND: usize = 100;
        self.texts += 1;
        self.bytes += text.len();
        let lower = text.to_lowercase();
        for canary in canaries {
            if let Some(at) = lower.find(&canary.to_lowercase()) {
                let around: String = lower
                    .chars()
                    .skip(lower[..at].chars().count().saturating_sub(AROUND))
                    .take(2 * AROUND)
                    .collect();
                self.hits.push(format!("{place}: …{around}…"));
            }
        }
    }

    /// Whether there was something to search, and nothing was found.
    pub fn is_clean(&self) -> bool {
        self.hits.is_empty() && self.texts > 0 && self.bytes > 0
    }

    pub fn figure(&self) -> String {
        format!(
            "{} hits in {} texts, {} KiB",
            self.hits.len(),
            self.texts,
            self.bytes.div_ceil(1024)
        )
    }

    pub fn hits(&self) -> String {
        self.hits.join("\n")
    }
}

#[test]
fn the_search_finds_a_canary_in_any_case_and_tells_where() {
    let mut search = Search::default();
    search.look(
        "a log",
        &format!("é{}é", PLAIN.to_uppercase()),
        &[OF_SECRETS, PLAIN],
    );
    search.look("another", OF_SECRETS, &[PLAIN]);
    assert!(!search.is_clean());
    assert!(search.hits().starts_with("a log: …é") && search.figure().starts_with("1 hits in 2 texts"));
    assert!(!Search::default().is_clean(), "nothing was searched");
}
