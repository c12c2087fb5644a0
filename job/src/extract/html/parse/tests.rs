//! Limits that end a page, and pages that are the same however they are read.

use super::*;
use std::time::{Duration, Instant};

fn problem_within(text: &str, limits: &HtmlLimits) -> String {
    let started = Instant::now();
    let error = parse(text, limits).expect_err("a limit");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "took {:?}",
        started.elapsed()
    );
    assert!(matches!(error, ExtractError::Limit(_)), "{error}");
    error.to_string()
}

fn problem(text: &str) -> String {
    problem_within(text, &HtmlLimits::default())
}

fn numbered(numbers: std::ops::Range<usize>, before: &str, after: &str) -> String {
    numbers
        .flat_map(|n| [before.to_owned(), n.to_string(), after.to_owned()])
        .collect()
}

fn parses(text: &str) -> Html {
    parse(text, &HtmlLimits::default()).unwrap()
}

#[test]
fn deep_nesting_ends_with_a_limit_at_once() {
    assert!(problem(&"<div>".repeat(200_000)).contains("512 elements deep"));
    assert!(problem(&"<table><tr><td>".repeat(200_000)).contains("512 elements deep"));
    assert!(problem(&"<svg>".repeat(200_000)).contains("512 elements deep"));
    assert!(problem(&"<template>".repeat(200_000)).contains("512 elements deep"));
}

#[test]
fn depth_just_below_the_limit_is_read() {
    parses(&format!("{}x", "<div>".repeat(509)));
}

#[test]
fn a_tag_with_too_many_attributes_ends_with_a_limit_before_it_is_closed() {
    let attributes = numbered(0..200_000, " a", "");
    for tag in [
        "<p",
        "</p",
        "<p title='<b>'",
        "&am<p",
        "<script></script",
        "<!-- x --><p a=b c=\"d\" e='f'",
    ] {
        assert!(
            problem(&format!("{tag}{attributes}>")).contains("1024 attributes"),
            "{tag}"
        );
        assert!(
            problem(&format!("{tag}{attributes}")).contains("1024 attributes"),
            "{tag}"
        );
    }
    assert!(problem(&"<html a=1 b=2>".replace('a', "abc").repeat(2000)).contains("1024 attributes"));
}

#[test]
fn many_words_outside_of_tags_are_no_attributes() {
    let words = " word = x".repeat(50_000);
    for (before, after) in [
        ("<p>", "</p>"),
        ("<!-- <a ", "-->"),
        ("<script>if (a<b ", ")</script>"),
        ("<p title=\"", "\">"),
        ("<p title='<a ", "'>"),
        ("<textarea><a ", "</textarea>"),
        ("<!doctype ", ">"),
    ] {
        parses(&format!("{before}{words}{after}<p>end"));
    }
}

#[test]
fn attributes_are_counted_over_elements_that_formatting_makes_again() {
    let attributes = numbered(0..1000, " a", "");
    let limits = HtmlLimits {
        attributes: 50_000,
        ..HtmlLimits::default()
    };
    let text = format!("<p><b{attributes}>{}", "<p>x".repeat(100));
    assert!(problem_within(&text, &limits).contains("50000 attributes"));
}

#[test]
fn a_huge_table_ends_with_a_limit_of_nodes() {
    let limits = HtmlLimits {
        nodes: 50_000,
        ..HtmlLimits::default()
    };
    let text = format!("<table>{}", "<tr><td>x".repeat(400_000));
    assert!(problem_within(&text, &limits).contains("50000 nodes"));
}

#[test]
fn formatting_that_multiplies_ends_with_a_limit_of_nodes() {
    let limits = HtmlLimits {
        nodes: 50_000,
        ..HtmlLimits::default()
    };
    let open = numbered(0..400, "<b id=", ">");
    let text = format!("<p>{open}{}", "<p>x".repeat(1000));
    assert!(problem_within(&text, &limits).contains("50000 nodes"));
}

#[test]
fn work_that_no_count_shows_ends_with_the_limit_of_time() {
    let limits = HtmlLimits {
        processor_time: Duration::from_millis(50),
        ..HtmlLimits::default()
    };
    let text = format!("{}{}", "<div>".repeat(500), "</span>".repeat(500_000));
    assert!(problem_within(&text, &limits).contains("50ms"));
}

#[test]
fn a_tag_that_begins_after_others_is_counted_too() {
    let attributes = numbered(0..200_000, " a", "");
    for before in [
        "<i>x</i>",
        "<style>a<b c='</style>",
        "<style>a<b c='</style><p d=\"'>\">",
        "<script><!-- <script> <a b='\">' </script></script>",
        "<svg><![CDATA[ <a b='> ]]><p>",
        "<title><b></title><p x=\"<i>\">",
    ] {
        let text = format!("{}{before}<p{attributes}", "<i>x</i>".repeat(600));
        assert!(problem(&text).contains("1024 attributes"), "{before}");
    }
}

#[test]
fn a_page_in_pieces_is_the_same_page() {
    let text = format!("<p>{}</p><i>{}</i>", "é".repeat(5000), "x".repeat(9000));
    assert_eq!(
        parses(&text).html(),
        format!("<html><head></head><body>{text}</body></html>")
    );
}

#[test]
fn rows_without_a_table_keep_their_tags() {
    let html = parses(" <tr class=event><td>a<td>b<tr class=event><td>c");
    assert!(
        html.html()
            .contains("<tr class=\"event\"><td>a</td><td>b</td></tr>"),
        "{}",
        html.html()
    );
    assert!(parses("<td>a<td>b").html().contains("<td>a</td><td>b</td>"));
    assert!(parses("<track>").html().contains("<body>"));
}

#[test]
fn template_contents_are_left_out_unless_they_are_a_shadow_root() {
    let html =
        parses("<template><p>a</p></template><div><template shadowrootmode=open><p>b</p></template></div>");
    let paragraphs = scraper::Selector::parse("p").unwrap();
    let root = html.root_element();
    assert_eq!(
        root.select(&paragraphs)
            .map(|p| p.inner_html())
            .collect::<Vec<_>>(),
        ["b"]
    );
}

/// What the tokenizer alone makes of it.
fn at_once(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokenizer = Tokenizer::new(builder_for(text), options());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(text));
    while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
    tokenizer.end();
    let mut html = tokenizer.sink.sink.finish();
    leave_out_templates(&mut html);
    format!("{:?}", html.tree)
}

fn in_parts(text: &str) -> String {
    format!("{:?}", parses(text).tree)
}

#[test]
fn what_is_read_without_the_tokenizer_is_the_same() {
    let long = format!("<p>{}<a href='{}'>x", "é".repeat(5000), "y".repeat(9000));
    let many = format!("<p>x<p{}>", numbered(0..40, " a", "=1"));
    for text in [
        "<!doctype html>\u{feff}<p>\u{feff}a<p>b",
        "\u{feff}<p>a",
        "\u{feff}\u{feff}a",
        "<p>\u{feff}a&amp;\u{feff}b<title>\u{feff}c</title><b d='\u{feff}&amp;'>\u{feff}&lt;",
        "<p>x</p><title>a<b>&amp;</title><b a=\"1\" b='2' c=3 d e=/f/>x</b>",
        "<p>x</p><script>a<b c>d</script><b>e</b><style><i></style><textarea>\n<i>a</textarea><i>",
        "<p>&am</p>p;<p>&amp</p><p>&</p><b>&notit;<i>",
        "<p>a\r</p>\n<p>\r\nb\rc</p><p a='\r\n'>d\0</p><b c='\0'>",
        "<p>x<P Class=A CLASS=b>y</P><p a=1 a=2><p a=1 b=2 a=3><p a = b><p a/b><p/a><p a=b/>c",
        "<p>x<svg viewBox='0 0'><path d='M0'/><title><b>c</title><![CDATA[<p>]]></svg><math><mi/></math>",
        "<p>x<pre>\na</pre><pre>\n\nb</pre><table>x<tr><td>y</table><br/></br></p></p a=b></b/>",
        "<p>x<a b=\"c>d</a><e f='\"'>g</e>\"><!-- > --><i><!-- <b> --!><u><? > ?><s></ x><q>",
        "<p>x<plaintext><p>a</plaintext><p>b",
        "<p>x<noscript><p>a</noscript><template><p>b</template><iframe><p></iframe><xmp><p></xmp>",
        "<meta charset=utf-8><meta http-equiv=content-type content='text/html; charset=x'><p>a",
        "<p>x<a href=x?y=z><a href=x?y><b c=`d`><b c=d\"e><b c=><b c=",
        "<p>x<b",
        "<p>x<b c='d",
        long.as_str(),
        many.as_str(),
    ] {
        assert_eq!(in_parts(text), at_once(text), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_parses_or_ends_with_a_limit(text in "(<(/?(b|p|a|table|tr|td|div|template|script|svg|select|option|title|html|body|!--|math|li|form|frameset|caption|button)( x='?| |/)?>?)|[ -~]|é|&#?[a-z0-9]{0,4};?|\0){0,200}") {
        match parse(&text, &HtmlLimits::default()) {
            Ok(html) => assert!(html.tree.root().children().any(|child| child.value().is_element())),
            Err(error) => assert!(matches!(error, ExtractError::Limit(_))),
        }
    }

    #[test]
    fn any_text_is_the_same_read_in_parts_or_at_once(text in "(<(/?(b|p|a|table|tr|td|div|pre|title|script|style|svg|math|select|textarea|noscript|plaintext|template|!--|!doctype|B|x-y)( (a|b|class)(=('x y'|\"[<>&]\"|x|é|))?){0,3}( |/)?>?)|[ -~]|\n|\r|é|\u{feff}|&(amp|lt|am)?;?|\0|-->|</(script|style|title|textarea)>|]]>){0,80}") {
        proptest::prop_assert_eq!(in_parts(&text), at_once(&text));
    }
}
