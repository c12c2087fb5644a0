//! What `kubectl` says about the kind. IO.

use sms_e2e::{Cluster, crd, eventually};

use crate::stack::A_WHILE;

#[tokio::test]
async fn kubectl_explains_every_field_of_fetch() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    crd::install(&cluster).await;
    let text = eventually(A_WHILE, "kubectl explains the CRD", || async {
        let output = cluster.kubectl(&["explain", "scrapesource.spec.fetch"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success() && text.contains("FIELDS"))
            .then_some(text)
            .ok_or(format!("{output:?}"))
    })
    .await;
    let (head, fields) = text.split_once("FIELDS:").unwrap();
    assert!(head.contains("DESCRIPTION:\n    "), "{head}");
    assert!(!text.contains("<no description>"), "{text}");
    // A name stands at two columns with its type after a tab, its description below it at four.
    let is_text = |line: &&str| !line.trim().is_empty() && !line.starts_with("  enum: ");
    let lines: Vec<_> = fields.lines().filter(is_text).collect();
    let is_name = |line: &&str| line.contains("\t<");
    let names: Vec<_> = lines.iter().filter(|line| is_name(line)).collect();
    assert!(names.len() >= 10, "{names:?}");
    for pair in lines.windows(2).filter(|pair| is_name(&pair[0])) {
        assert!(pair[1].starts_with("    ") && pair[1].len() > 20, "{pair:?}");
    }
    for name in ["url", "headers", "auth", "timeout", "pages", "robots"] {
        assert!(
            lines.iter().any(|line| line.starts_with(&format!("  {name}\t<"))),
            "{name} in\n{text}"
        );
    }
}
