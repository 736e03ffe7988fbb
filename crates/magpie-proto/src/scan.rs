//! One validating pass over a JSON text at the edge. A raw pass-through would carry lone
//! surrogates, numbers beyond every float and bottomless nesting into other people's clients;
//! this scan refuses them before anything is parsed. It allocates nothing.

/// Deepest nesting that is accepted.
pub const DEPTH_MAX: usize = 32;

/// Why a JSON text is refused, with the byte offset where it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// More than [`DEPTH_MAX`] levels.
    #[error("nested deeper than {DEPTH_MAX} levels at byte {0}")]
    TooDeep(usize),
    /// A `\uD800`-`\uDFFF` escape without its partner.
    #[error("half of a surrogate pair at byte {0}")]
    LoneSurrogate(usize),
    /// A number that no double can hold.
    #[error("a number out of range at byte {0}")]
    Number(usize),
}

/// Checks depth, surrogate escapes and number range. Grammar is the parser's business: a text
/// that passes may still not be JSON, one that fails is never accepted.
///
/// # Errors
/// The first [`ScanError`] found.
pub fn check(text: &str) -> Result<(), ScanError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(ScanError::TooDeep(at));
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'-' | b'0'..=b'9' => at = number_end(text, at)?,
            _ => at += 1,
        }
    }
    Ok(())
}

/// Walks a string from behind its opening quote; gives the offset behind the closing one.
fn string_end(bytes: &[u8], mut at: usize) -> Result<usize, ScanError> {
    loop {
        match bytes.get(at) {
            None => return Ok(at),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') if bytes.get(at + 1) == Some(&b'u') => {
                let code = hex4(bytes, at + 2);
                at = match code {
                    Some(0xD800..=0xDBFF) => {
                        let low = (bytes.get(at + 6..at + 8) == Some(br"\u"))
                            .then(|| hex4(bytes, at + 8))
                            .flatten();
                        if !matches!(low, Some(0xDC00..=0xDFFF)) {
                            return Err(ScanError::LoneSurrogate(at));
                        }
                        at + 12
                    }
                    Some(0xDC00..=0xDFFF) => return Err(ScanError::LoneSurrogate(at)),
                    // Not four hex digits: the parser will say so.
                    _ => at + 2,
                };
            }
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

fn number_end(text: &str, start: usize) -> Result<usize, ScanError> {
    let tail = text.as_bytes()[start..].iter();
    let len =
        tail.take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
    let digits = &text[start..start + len];
    // Short plain integers are in range without asking.
    if len > 15 || digits.contains(['e', 'E']) {
        let finite = digits.parse::<f64>().is_ok_and(f64::is_finite);
        if !finite {
            return Err(ScanError::Number(start));
        }
    }
    Ok(start + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_json_passes() {
        for ok in [
            r#"{"t":"send","b":{"k":"text","x":"\ud83d\ude00 \\ud800 \"[{"}}"#,
            "[1,-2.5e10,123456789012345678]",
            "\"unterminated",
            "",
        ] {
            assert_eq!(check(ok), Ok(()), "{ok}");
        }
        assert_eq!(check(&format!("{}{}", "[".repeat(32), "]".repeat(32))), Ok(()));
    }

    #[test]
    fn hostile_json_is_refused_where_it_goes_wrong() {
        assert_eq!(check(&"[".repeat(33)), Err(ScanError::TooDeep(32)));
        assert_eq!(check(&"{\"a\":".repeat(10_000)), Err(ScanError::TooDeep(160)));
        assert_eq!(check(r#"["\ud800"]"#), Err(ScanError::LoneSurrogate(2)));
        assert_eq!(check(r#"["\udc00"]"#), Err(ScanError::LoneSurrogate(2)));
        assert_eq!(check(r#"["\ud800\u0041"]"#), Err(ScanError::LoneSurrogate(2)));
        assert_eq!(check("[1e400]"), Err(ScanError::Number(1)));
        assert_eq!(check(&format!("[{}]", "9".repeat(400))), Err(ScanError::Number(1)));
    }
}
