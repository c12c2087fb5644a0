//! Addresses of further pages. Pure.

use sms_crds::v1alpha1::PagesSpec;
use url::Url;

use super::address::set_parameter;

/// Address of page `page_number` (the first page is 1, so this starts at 2), or `None` at the end.
///
/// `current_url` is the page before it, after redirects. `next_from_page` is what `next` or `nextPath` found there; it
/// may be relative. Nothing but `http`, `https` and `file` is a page. Whether `max` is reached, a page had no items, or
/// an address comes again is for the caller to see.
pub fn next_address(
    spec: &PagesSpec,
    page_number: u32,
    current_url: &str,
    next_from_page: Option<&str>,
) -> Option<String> {
    let current = Url::parse(current_url).ok()?;
    let counter = counter(spec, page_number);
    let mut address = if let Some(name) = &spec.parameter {
        let mut address = current;
        set_parameter(&mut address, name, &counter?.to_string());
        address
    } else if let Some(template) = &spec.template {
        current
            .join(&template.replace("{n}", &counter?.to_string()))
            .ok()?
    } else {
        let found = next_from_page
            .map(str::trim)
            .filter(|found| !found.is_empty() && !found.starts_with('#'))?;
        current.join(found).ok()?
    };
    address.set_fragment(None);
    matches!(address.scheme(), "http" | "https" | "file").then(|| address.into())
}

fn counter(spec: &PagesSpec, page_number: u32) -> Option<i64> {
    let steps = i64::from(page_number)
        .checked_sub(2)
        .filter(|steps| *steps >= 0)?;
    spec.step
        .unwrap_or(1)
        .checked_mul(steps)?
        .checked_add(spec.start.unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str) -> PagesSpec {
        PagesSpec {
            parameter: Some(name.to_owned()),
            ..PagesSpec::default()
        }
    }

    #[test]
    fn a_parameter_counts_from_start_by_step() {
        let plain = parameter("page");
        let offset = PagesSpec {
            start: Some(12),
            step: Some(12),
            ..parameter("offset")
        };
        let from_zero = PagesSpec {
            start: Some(0),
            ..parameter("p")
        };
        let cases = [
            (&plain, 2, "https://a.example/e", "https://a.example/e?page=2"),
            (
                &plain,
                3,
                "https://a.example/e?page=2",
                "https://a.example/e?page=3",
            ),
            (
                &plain,
                2,
                "https://a.example/e?q=a%20b&page=1&z=%5B1%5D",
                "https://a.example/e?q=a%20b&page=2&z=%5B1%5D",
            ),
            (
                &plain,
                2,
                "https://a.example/e?xpage=1#top",
                "https://a.example/e?xpage=1&page=2",
            ),
            (&offset, 2, "https://a.example/e", "https://a.example/e?offset=12"),
            (
                &offset,
                4,
                "https://a.example/e?offset=24",
                "https://a.example/e?offset=36",
            ),
            (&from_zero, 2, "https://a.example/e", "https://a.example/e?p=0"),
        ];
        for (spec, number, current, wanted) in cases {
            assert_eq!(
                next_address(spec, number, current, None).as_deref(),
                Some(wanted),
                "{current}"
            );
        }
    }

    #[test]
    fn a_parameter_name_is_compared_decoded_and_written_encoded() {
        let spec = parameter("page[number]");
        let next = next_address(&spec, 2, "https://a.example/e?page%5Bnumber%5D=1", None);
        assert_eq!(next.as_deref(), Some("https://a.example/e?page%5Bnumber%5D=2"));
        let next = next_address(
            &spec,
            2,
            "https://a.example/e?page[number]=1&page[number]=7",
            None,
        );
        assert_eq!(next.as_deref(), Some("https://a.example/e?page%5Bnumber%5D=2"));
    }

    #[test]
    fn a_template_takes_the_counter_wherever_n_stands() {
        let spec = PagesSpec {
            template: Some("https://a.example/ajax/{n}?per_page=12&n={n}".to_owned()),
            start: Some(12),
            step: Some(12),
            ..PagesSpec::default()
        };
        let next = next_address(&spec, 3, "https://a.example/events", None);
        assert_eq!(
            next.as_deref(),
            Some("https://a.example/ajax/24?per_page=12&n=24")
        );
        let relative = PagesSpec {
            template: Some("./page/{n}/".to_owned()),
            ..PagesSpec::default()
        };
        let next = next_address(&relative, 2, "https://a.example/events/", None);
        assert_eq!(next.as_deref(), Some("https://a.example/events/page/2/"));
    }

    #[test]
    fn a_link_on_the_page_is_resolved_against_it() {
        let spec = PagesSpec {
            next: Some("a[rel=next]".to_owned()),
            ..PagesSpec::default()
        };
        let current = "https://a.example/events/?page=1";
        let cases = [
            (Some("?page=2"), Some("https://a.example/events/?page=2")),
            (Some(" /events/2 "), Some("https://a.example/events/2")),
            (Some("//b.example/2"), Some("https://b.example/2")),
            (
                Some("https://a.example/events/?page=2#list"),
                Some("https://a.example/events/?page=2"),
            ),
            (Some("#"), None),
            (Some(""), None),
            (Some("javascript:next()"), None),
            (Some("mailto:a@a.example"), None),
            (Some("https://"), None),
            (None, None),
        ];
        for (found, wanted) in cases {
            assert_eq!(
                next_address(&spec, 2, current, found).as_deref(),
                wanted,
                "{found:?}"
            );
        }
        let file = next_address(&spec, 2, "file:///pages/1.html", Some("2.html"));
        assert_eq!(file.as_deref(), Some("file:///pages/2.html"));
    }

    #[test]
    fn numbers_that_make_no_sense_end_the_paging() {
        let spec = PagesSpec {
            start: Some(i64::MAX),
            step: Some(i64::MAX),
            ..parameter("page")
        };
        assert_eq!(next_address(&spec, 3, "https://a.example/", None), None);
        assert_eq!(
            next_address(&parameter("page"), 1, "https://a.example/", None),
            None
        );
        assert_eq!(next_address(&parameter("page"), 2, "no address", None), None);
    }
}
