//! Encodings: each of twenty, said in every place, against every other place.

use encoding_rs::Encoding;
use sms_job::{document::Document, extract::charset::decode};

/// Encodings with a text that each can write.
const ENCODINGS: [(&str, &str); 20] = [
    ("utf-8", "Grüße 夜 🎷"),
    ("windows-1252", "“Café” – Grüße €"),
    ("iso-8859-2", "Łódź, Říjen"),
    ("iso-8859-5", "Привет"),
    ("iso-8859-7", "Καλημέρα"),
    ("iso-8859-8", "שלום"),
    ("iso-8859-9", "windows-1254 başka ğ"),
    ("iso-8859-15", "œuvre à 5 €"),
    ("windows-1250", "Žižkov"),
    ("windows-1251", "Привет, мир"),
    ("windows-1253", "Καλημέρα"),
    ("windows-1255", "שלום"),
    ("windows-1256", "مرحبا"),
    ("windows-1257", "Šiauliai"),
    ("koi8-r", "Привет"),
    ("shift_jis", "こんばんは"),
    ("euc-jp", "こんばんは"),
    ("gb18030", "你好 🎷"),
    ("big5", "你好"),
    ("euc-kr", "안녕하세요"),
];

fn text(header: Option<&str>, forced: Option<&str>, body: &[u8]) -> String {
    let document = Document {
        url: "https://example.org/".to_owned(),
        content_type: header.map(|charset| format!("text/html; charset={charset}")),
        charset: forced.map(str::to_owned),
        body: body.to_vec(),
    };
    decode(&document).into_owned()
}

fn page(meta: Option<&str>, sample: &str, label: &str) -> Vec<u8> {
    let head = meta.map_or_else(String::new, |charset| format!("<meta charset=\"{charset}\">"));
    let page = format!("{head}<p>{sample}</p>");
    let (bytes, _, has_lost) = Encoding::for_label(label.as_bytes()).unwrap().encode(&page);
    assert!(!has_lost, "{label} cannot write {sample}");
    bytes.into_owned()
}

#[test]
fn each_encoding_is_read_wherever_it_is_said_and_whatever_else_is_said() {
    let mut read = 0;
    let mut expect = |found: String, sample: &str, how: &str| {
        assert!(found.contains(&format!("<p>{sample}</p>")), "{how}: {found:?}");
        read += 1;
    };
    for (label, sample) in ENCODINGS {
        let plain = page(None, sample, label);
        expect(text(Some(label), None, &plain), sample, label);
        expect(text(Some(&label.to_uppercase()), None, &plain), sample, label);
        expect(text(Some(&format!("\"{label}\"")), None, &plain), sample, label);
        expect(text(None, Some(label), &plain), sample, label);
        expect(text(None, None, &page(Some(label), sample, label)), sample, label);
        for (other, _) in ENCODINGS {
            // The manifest wins over the header, the header over the page, and nonsense over nothing.
            expect(
                text(Some(other), Some(label), &page(Some(other), sample, label)),
                sample,
                &format!("{label}, header {other}"),
            );
            expect(
                text(Some(label), None, &page(Some(other), sample, label)),
                sample,
                &format!("{label}, page {other}"),
            );
        }
        expect(
            text(Some("x-nonsense"), None, &page(Some(label), sample, label)),
            sample,
            label,
        );
        // A mark wins over everything, in each of its forms.
        let marked = [b"\xef\xbb\xbf".to_vec(), format!("<p>{sample}</p>").into_bytes()].concat();
        expect(text(Some(label), Some(label), &marked), sample, label);
        let units: Vec<u16> = format!("\u{feff}<p>{sample}</p>").encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        expect(text(Some(label), None, &little), sample, label);
        expect(text(None, None, &big), sample, label);
        // Without a mark only the header knows.
        expect(text(Some("utf-16le"), None, &little[2..]), sample, label);
        expect(text(Some("utf-16be"), None, &big[2..]), sample, label);
    }
    // What is no text of the encoding becomes a replacement character, and the rest stays.
    let mut broken = 0;
    for (label, _) in ENCODINGS {
        for first in 0..=255_u8 {
            for second in [0, 0x20, 0x3c, 0x7f, 0x80, 0xff] {
                let body = [b"<b>before</b>".as_slice(), &[first, second], b"  <i>after</i>"].concat();
                for found in [text(Some(label), None, &body), text(None, None, &body)] {
                    assert!(
                        found.contains("<b>before</b>") && found.contains("<i>after</i>"),
                        "{label}: {found:?}"
                    );
                    broken += 1;
                }
            }
        }
        text(None, None, &[0, b'a', 0, 0xd8, 0, 0xdc, 0xff]);
    }
    let figure = format!("{read} pages read, {broken} broken ones without a loss of what is around");
    assert!(sms_proof::record(
        sms_proof::Group::HostileServers,
        "twenty charsets: mark, header, page and manifest against each other, broken bytes",
        figure,
        "all as written",
        true,
    ));
}
