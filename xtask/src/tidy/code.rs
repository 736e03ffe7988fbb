//! A look at Rust text that is good enough for counting: comments and literals blanked out,
//! then braces matched. It is no parser and must not be trusted with macros' inner grammar.

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Where it starts, counted from 1.
    pub(super) line: usize,
    /// From the signature to the closing brace.
    pub(super) lines: usize,
}

/// The text with every comment, string and character literal replaced by spaces.
pub(super) fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at).min(bytes.len());
        if end > at {
            let blank = |byte: &u8| if *byte == b'\n' { '\n' } else { ' ' };
            out.extend(bytes[at..end].iter().map(blank));
            at = end;
        } else {
            // Identifiers may hold letters of other scripts; only their place matters.
            out.push(if bytes[at].is_ascii() { char::from(bytes[at]) } else { '_' });
            at += 1;
        }
    }
    out
}

/// The end of the comment or literal that starts at `at`; `at` itself when none does.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let after_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => at + find(rest, b"\n").unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment(rest),
        [b'"', ..] => at + quoted(rest, b'"'),
        [b'\'', ..] => at + char_literal(rest),
        [b'r', b'"' | b'#', ..] if !after_word => at + raw_string(rest, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !after_word => at + raw_string(rest, 2),
        _ => at,
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Length of a character literal, 0 for a lifetime.
fn char_literal(rest: &[u8]) -> usize {
    let Some(&first) = rest.get(1) else { return 0 };
    if first == b'\\' {
        return quoted(rest, b'\'');
    }
    let width = match first {
        0x00..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
}

/// Length of a raw string whose prefix has `prefix` letters, 0 for a raw identifier.
fn raw_string(rest: &[u8], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return 0;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = open + 1;
    find(&rest[body..], &close).map_or(rest.len(), |end| body + end + close.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line, counted from 1, of a place in the text.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// First and last line of every item that exists only under `cfg(test)`.
pub(super) fn test_blocks(code: &str) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(").map(|at| from + at) {
        let attribute_end = closing(code, found + 1);
        from = attribute_end;
        let condition = &code[found..attribute_end];
        if condition.starts_with("#[cfg(test)") || condition.starts_with("#[cfg(all(test") {
            from = item_end(code, attribute_end);
            blocks.push((line_of(code, found), line_of(code, from - 1)));
        }
    }
    blocks
}

/// The place after the bracket that closes the one at `open`.
pub(super) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The place after the item at `from`: behind its `;` or its body.
fn item_end(code: &str, from: usize) -> usize {
    let bytes = code.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b';' => return at + 1,
            b'{' => return closing(code, at),
            b'(' | b'[' => at = closing(code, at),
            _ => at += 1,
        }
    }
    at
}

/// Every function with a body, in order of appearance.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let name: String =
            code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() || (at > 0 && is_word(bytes[at - 1])) {
            continue;
        }
        let end = item_end(code, at);
        if bytes.get(end - 1) == Some(&b'}') {
            let line = line_of(code, at);
            found.push(Function { name, line, lines: line_of(code, end - 1) - line + 1 });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_kept() {
        let text =
            "a /* { /* } */ */ b // {\n\"{\\\"\" r#\"}\"}\"# '{' '\\'' b\"{\" br\"{\" 'x: r#type";
        let masked = mask(text);
        assert!(!masked.contains('{') && !masked.contains('}'), "{masked}");
        assert!(masked.contains("'x: r#type"), "{masked}");
        assert_eq!(masked.lines().count(), 2);
    }

    #[test]
    fn other_scripts_in_literals_do_not_shift_what_follows() {
        let masked = mask("let 名 = '鹊'; let s = \"鹊桥 {\"; fn a() {\n}\n");
        assert_eq!(functions(&masked), [Function { name: "a".into(), line: 1, lines: 2 }]);
    }

    #[test]
    fn functions_are_measured_from_signature_to_closing_brace() {
        let code = mask(
            "trait T {\n  fn none(&self, x: [u8; 4]);\n}\nfn two()\n{ }\nfn three() {\n  fn(1)\n}\n",
        );
        let sizes: Vec<_> =
            functions(&code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(sizes, [("two".to_owned(), 4, 2), ("three".to_owned(), 6, 3)]);
    }

    #[test]
    fn only_items_under_cfg_test_are_test_blocks() {
        let code = mask(
            "#[cfg(unix)]\nfn a() {\n}\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[allow(x, reason = \"}\")]\nmod t {\n}\nfn b() {}\n",
        );
        assert_eq!(test_blocks(&code), [(4, 5), (6, 9)]);
    }
}
