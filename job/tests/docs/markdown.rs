//! Fenced blocks of a page, with the HTML comments that stand directly before them. Pure.

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Texts of the comments before it, such as `run` or `file tavern.yaml`.
    pub marks: Vec<String>,
    /// Language of the fence.
    pub language: String,
    /// What stands between the fences, without their indentation.
    pub text: String,
    /// Line of the opening fence, from 1.
    pub line: usize,
}

impl Block {
    /// What follows `word` in the mark that begins with it.
    pub fn mark(&self, word: &str) -> Option<&str> {
        self.marks.iter().find_map(|mark| {
            let rest = mark.strip_prefix(word)?;
            (rest.is_empty() || rest.starts_with([' ', ','])).then_some(rest.trim_start_matches([',', ' ']))
        })
    }
}

/// The fenced blocks of `text`, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut marks: Vec<String> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if let Some(language) = trimmed.strip_prefix("```") {
            let body: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .map(|line| line.get(indent..).unwrap_or_default())
                .collect();
            blocks.push(Block {
                marks: std::mem::take(&mut marks),
                language: language.trim().to_owned(),
                text: body.join("\n") + "\n",
                line: number + 1,
            });
        } else if let Some(mark) = trimmed
            .strip_prefix("<!--")
            .and_then(|rest| rest.trim_end().strip_suffix("-->"))
        {
            marks.push(mark.trim().to_owned());
        } else if !trimmed.is_empty() {
            marks.clear();
        }
    }
    blocks
}

/// `text` outside of fenced blocks and code spans, where links are links.
pub fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut in_fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            let outside = line.split('`').step_by(2);
            prose.extend(outside);
            prose.push('\n');
        }
    }
    prose
}

#[test]
fn a_block_has_the_marks_that_stand_before_it() {
    let page = "text\n<!-- run -->\n<!-- file a.yaml -->\n\n```sh\nls\n\nls -l\n```\n<!-- lost -->\nwords\n  ```\n  x\n  ```\n";
    let found = blocks(page);
    assert_eq!(found[0].marks, ["run", "file a.yaml"]);
    assert_eq!((found[0].text.as_str(), found[0].line), ("ls\n\nls -l\n", 5));
    assert_eq!(
        (found[0].mark("file"), found[0].mark("fi")),
        (Some("a.yaml"), None)
    );
    assert_eq!((found[1].marks.len(), found[1].text.as_str()), (0, "x\n"));
}
