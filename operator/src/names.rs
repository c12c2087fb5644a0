//! Names of what the operator makes. Pure.

use sha2::{Digest, Sha256};
use sms_crds::source::hex;

/// Most characters of a CronJob's name: Kubernetes adds eleven for each Job (`CronJob.metadata.name`).
pub const CRON_JOB_NAME_LIMIT: usize = 52;

/// Most characters of a token as status and annotations keep it.
pub const TOKEN_LIMIT: usize = 253;

/// Hexadecimal digits of a hash inside a name: 52 bits, so that ten thousand names practically never collide.
const HASH_DIGITS: usize = 13;

fn hash(text: &str) -> String {
    let mut digits = hex(&Sha256::digest(text));
    digits.truncate(HASH_DIGITS);
    digits
}

fn cut(text: &str, limit: usize) -> &str {
    // Names of objects are ASCII.
    let end = text.len().min(limit);
    text.get(..end).unwrap_or_default().trim_end_matches(['-', '.'])
}

/// Name of the CronJob of the source `name`: the same, or a readable prefix and a hash where the name is too long or has
/// dots, which the names of Pods' hosts cannot have.
pub fn cron_job(name: &str) -> String {
    if name.len() <= CRON_JOB_NAME_LIMIT && !name.contains('.') {
        return name.to_owned();
    }
    let readable = name.replace('.', "-");
    format!(
        "{}-{}",
        cut(&readable, CRON_JOB_NAME_LIMIT - HASH_DIGITS - 1),
        hash(name)
    )
}

/// Name of the Job that `token` asks for: the same for the same token, so that it is made once.
pub fn run_now_job(source: &str, token: &str) -> String {
    // 63 less what Pods add is 52, as for a CronJob; the hash is of both, since the prefix may be cut.
    format!(
        "{}-{}",
        cut(&cron_job(source), CRON_JOB_NAME_LIMIT - HASH_DIGITS - 1),
        hash(&format!("{source}/{token}"))
    )
}

/// A token as it is kept: itself, or its SHA-256 where it is long.
pub fn kept_token(token: &str) -> String {
    if token.len() <= TOKEN_LIMIT {
        return token.to_owned();
    }
    format!("sha256:{}", hex(&Sha256::digest(token)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn is_dns_label(name: &str) -> bool {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !name.is_empty() && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
    }

    #[test]
    fn a_short_name_stays_as_it_is() {
        assert_eq!(cron_job("sea-monster"), "sea-monster");
        assert_eq!(cron_job(&"x".repeat(52)), "x".repeat(52));
    }

    #[test]
    fn a_long_or_dotted_name_keeps_a_readable_prefix() {
        let name = cron_job("the-venue-with-the-longest-name-of-all-the-venues-in-seattle-wa");
        assert_eq!(name.len(), 52);
        assert!(
            name.starts_with("the-venue-with-the-longest-name-of-all-"),
            "{name}"
        );
        assert!(cron_job("blue.moon").starts_with("blue-moon-"));
        assert_ne!(cron_job("blue.moon"), cron_job("blue-moon"));
    }

    #[test]
    fn names_that_differ_only_after_the_cut_stay_apart() {
        let names: HashSet<_> = (0..2000)
            .map(|number| cron_job(&format!("{}{number}", "a".repeat(50))))
            .collect();
        assert_eq!(names.len(), 2000);
    }

    #[test]
    fn a_job_is_named_after_its_token() {
        let name = run_now_job("sea-monster", "2026-11-22T10:00");
        assert_eq!(name, run_now_job("sea-monster", "2026-11-22T10:00"));
        assert_ne!(name, run_now_job("sea-monster", "2026-11-22T10:01"));
        assert!(name.starts_with("sea-monster-"), "{name}");
    }

    #[test]
    fn a_long_token_is_kept_as_its_hash() {
        assert_eq!(kept_token("now"), "now");
        assert!(kept_token(&"x".repeat(300)).len() <= TOKEN_LIMIT);
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_kubernetes_takes(name in "[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", token in ".*") {
            for name in [cron_job(&name), run_now_job(&name, &token)] {
                prop_assert!(name.len() <= CRON_JOB_NAME_LIMIT && is_dns_label(&name), "{}", name);
            }
        }
    }
}
