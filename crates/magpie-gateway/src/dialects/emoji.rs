//! Emoji codes of market clients: `:smile:` becomes the character on output of that dialect. The
//! names are the common ones of the gemoji list, in a table sorted by bytes beside this file.

use std::sync::OnceLock;

/// `name emoji` lines.
const TABLE: &str = include_str!("emoji.txt");
/// Longest name in the table.
const NAME_BYTES_MAX: usize = 32;

fn table() -> &'static [(&'static str, &'static str)] {
    static PARSED: OnceLock<Vec<(&str, &str)>> = OnceLock::new();
    PARSED.get_or_init(|| TABLE.lines().filter_map(|line| line.split_once(' ')).collect())
}

fn find(name: &str) -> Option<&'static str> {
    let table = table();
    let at = table.binary_search_by(|(known, _)| known.cmp(&name)).ok()?;
    table.get(at).map(|(_, emoji)| *emoji)
}

/// Turns every known `:name:` into its emoji; all else stays as it is.
#[must_use]
pub fn expand(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(':') {
        let (before, code) = rest.split_at(start);
        out.push_str(before);
        // A name ends at the next colon nearby; anything else is an ordinary colon.
        let end = code.bytes().take(NAME_BYTES_MAX + 2).skip(1).position(|byte| byte == b':');
        match end.and_then(|len| Some((len, find(code.get(1..=len)?)?))) {
            Some((len, emoji)) => {
                out.push_str(emoji);
                rest = &code[len + 2..];
            }
            None => {
                out.push(':');
                rest = &code[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_emoji_and_ordinary_colons_stay() {
        for (text, expected) in [
            (":smile:", "😄"),
            ("好:+1::+1:", "好👍👍"),
            ("at 5:30:smile:", "at 5:30😄"),
            (":unknown_thing:", ":unknown_thing:"),
            (":a:smile:", ":a😄"),
            ("::", "::"),
            (":", ":"),
            ("", ""),
            (":你:smile", ":你:smile"),
        ] {
            assert_eq!(expand(text), expected, "{text}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_has_the_common_names() {
        let table = table();
        assert!(table.len() >= 200, "{}", table.len());
        assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(
            table.iter().all(|(name, emoji)| name.len() <= NAME_BYTES_MAX && !emoji.is_ascii())
        );
    }
}
