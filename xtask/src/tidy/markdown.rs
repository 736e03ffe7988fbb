//! The little of Markdown that the checks need: fences, links, headings and code spans.
//! It reads the repository's own pages, not arbitrary ones.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Lines outside fenced blocks with their numbers; `None` for the inside of a fence.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| start.starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => fence = Some(marker),
            (Some(open), Some(marker)) if open == marker => fence = None,
            (Some(_), _) => {}
            (None, None) => lines.push((index + 1, line)),
        }
    }
    lines
}

/// The line of the opening fence with this info word, and the first word of each line in it.
pub(super) fn fenced_block<'a>(
    text: &'a str,
    info: &str,
) -> Option<(usize, Vec<(usize, &'a str)>)> {
    let mut lines = text.lines().enumerate();
    let (start, _) = lines.find(|(_, line)| line.trim().strip_prefix("```") == Some(info))?;
    let entries = lines
        .take_while(|(_, line)| !line.trim_start().starts_with("```"))
        .filter_map(|(index, line)| Some((index + 1, line.split_whitespace().next()?)))
        .collect();
    Some((start + 1, entries))
}

/// Targets of inline links, images and reference definitions.
pub(super) fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code_spans(line);
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            let target = match rest.strip_prefix('<') {
                Some(bracketed) => bracketed.split('>').next(),
                None => rest.split([')', ' ']).next(),
            };
            found.extend(target.map(|target| (number, target.to_owned())));
        }
        if let Some((_, target)) = line
            .strip_prefix('[')
            .filter(|rest| !rest.starts_with('^'))
            .and_then(|rest| rest.split_once("]: "))
        {
            found.extend(target.split_whitespace().next().map(|t| (number, t.to_owned())));
        }
    }
    found
}

/// The contents of inline code.
pub(super) fn code_spans(text: &str) -> Vec<(usize, &str)> {
    let lines = prose(text).into_iter();
    lines
        .flat_map(|(number, line)| {
            line.split('`').skip(1).step_by(2).map(move |span| (number, span))
        })
        .collect()
}

fn without_code_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// The anchors a page offers: headings as the usual hosts name them, and explicit ids.
pub(super) fn anchors(text: &str) -> BTreeSet<String> {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if line.starts_with('#') && title.starts_with(' ') {
            let base = slug(title.trim());
            let count = used.entry(base.clone()).or_default();
            found.insert(if *count == 0 { base } else { format!("{base}-{count}") });
            *count += 1;
        }
        for attribute in ["id=\"", "name=\""] {
            for (at, _) in line.match_indices(attribute) {
                let id = line[at + attribute.len()..].split('"').next().unwrap_or_default();
                found.insert(id.to_owned());
            }
        }
    }
    found
}

fn slug(title: &str) -> String {
    // Of a link only its text is part of the heading's name.
    let mut plain = String::new();
    let mut rest = title;
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        rest = after.split_once(')').map_or("", |(_, tail)| tail);
    }
    plain.push_str(rest);
    let kept = plain.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code_only() {
        let text =
            "[a](x.md \"t\") ![b](<y z.png>) `[c](no.md)`\n[d]: z.md\n```\n[e](no.md)\n```\n";
        let found = links(text);
        let expected = [(1, "x.md"), (1, "y z.png"), (2, "z.md")];
        assert_eq!(found, expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn headings_become_the_anchors_a_reader_sees_in_the_address_bar() {
        let found =
            anchors("# The `path`, twice\n## Same\n## Same\n# 快速开始\n<a id=\"x\"></a>\n#no\n");
        let expected = ["the-path-twice", "same", "same-1", "快速开始", "x"];
        assert_eq!(found, expected.map(str::to_owned).into());
    }

    #[test]
    fn a_block_is_found_by_its_info_word() {
        let text = "```\nno\n```\n```path\na.rs  first\n\nb.rs\n```\n";
        assert_eq!(fenced_block(text, "path"), Some((4, vec![(5, "a.rs"), (7, "b.rs")])));
        assert_eq!(fenced_block(text, "other"), None);
    }

    #[test]
    fn code_spans_are_what_stands_between_backticks() {
        assert_eq!(code_spans("a `b/c.rs` d `e`\n"), [(1, "b/c.rs"), (1, "e")]);
    }
}
