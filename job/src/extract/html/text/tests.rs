//! Texts as a reader sees them.

use super::*;
use crate::extract::html::{HtmlLimits, HtmlPage};

fn text(html: &str) -> String {
    text_of(
        HtmlPage::parse(html, &HtmlLimits::default())
            .unwrap()
            .root()
            .unwrap(),
    )
}

#[test]
fn blocks_and_breaks_part_words_and_inline_elements_do_not() {
    assert_eq!(text("<p>a</p><p>b</p>"), "a b");
    assert_eq!(text("<b>a</b>b"), "ab");
    assert_eq!(text("a<br>b<br/>c"), "a b c");
    assert_eq!(text("<ul><li>a<li>b</ul>c"), "a b c");
    assert_eq!(text("<table><tr><td>a</td><td>b</td></tr></table>"), "a b");
    assert_eq!(text("a<hr>b<wbr>c<span>d </span> e"), "a bcd e");
}

#[test]
fn white_space_collapses_and_what_has_no_width_goes() {
    assert_eq!(text("  a\n\t b&nbsp;&nbsp;c&#8239;d&emsp; "), "a b c d");
    assert_eq!(
        text("a b  c d &nbsp;e f\u{200d} g é h\u{1} i "),
        "a b c d e f g é h i"
    );
    assert_eq!(text("a&#8203;b&shy;c&#xfeff;d&lrm;e&#1;f"), "abcdef");
    assert_eq!(text("a&zwj;b c&zwnj;"), "ab c");
    assert_eq!(text("👩&zwj;👧 می&zwnj;خواهم"), "👩\u{200d}👧 می\u{200c}خواهم");
}

#[test]
fn what_a_browser_does_not_show_is_left_out() {
    assert_eq!(
        text(
            "<title>t</title>a<script>b</script><style>c</style><noscript>d</noscript><template>e</template><iframe>f</iframe><svg><title>g</title></svg><!-- h -->"
        ),
        "a"
    );
}

#[test]
fn what_is_hidden_can_still_be_read_when_it_is_what_was_selected() {
    let page = HtmlPage::parse("<script>var  a = 1;</script>", &HtmlLimits::default()).unwrap();
    let script = page
        .elements()
        .find(|element| element.value().name() == "script")
        .unwrap();
    assert_eq!(text_of(script), "var a = 1;");
}

#[test]
fn lines_end_at_breaks_blocks_and_where_preformatted_text_breaks() {
    let page = HtmlPage::parse(
        "<div> a <br><br>b<i>c</i><p>d\ne</p>f<pre>g\nh</pre>\n</div>",
        &HtmlLimits::default(),
    );
    assert_eq!(
        lines_of(page.unwrap().root().unwrap()),
        ["a", "bc", "d e", "f", "g", "h"]
    );
}

#[test]
fn walking_stays_below_its_root() {
    let page = HtmlPage::parse("<div id=x><p>a</p></div><p>b</p>", &HtmlLimits::default()).unwrap();
    let root = page
        .elements()
        .find(|element| element.attr("id") == Some("x"))
        .unwrap();
    let mut names = Vec::new();
    walk(*root, |step, node| {
        names.push((
            step == Step::Enter,
            node.value().as_element().map(|e| e.name().to_owned()),
        ));
        true
    });
    let p = Some("p".to_owned());
    assert_eq!(
        names,
        [(true, p.clone()), (true, None), (false, None), (false, p)]
    );
}
