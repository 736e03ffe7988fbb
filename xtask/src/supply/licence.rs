//! Which licences a dependency may have: the permissive ones that go with Apache-2.0.
//! deny.toml holds the same list for `cargo deny`; a test keeps the two equal.

const ALLOWED: &[&str] = &[
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that may have one licence more. MPL-2.0 covers their own files only, which we
/// do not change. CDLA-Permissive-2.0 is for data, here a list of certificates that no build for
/// Linux contains, and asks only that its text goes along.
const EXCEPTIONS: &[(&str, &str)] =
    &[("option-ext", "MPL-2.0"), ("webpki-root-certs", "CDLA-Permissive-2.0")];

/// Whether one of the choices a licence expression offers is allowed.
pub(super) fn is_allowed(package: &str, expression: &str) -> bool {
    // The old way to write a choice.
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = expression.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let allowed = any_of(package, &mut rest);
    allowed && rest.is_empty()
}

fn any_of(package: &str, rest: &mut &[&str]) -> bool {
    let mut allowed = all_of(package, rest);
    while let ["OR", after @ ..] = rest {
        *rest = after;
        allowed |= all_of(package, rest);
    }
    allowed
}

fn all_of(package: &str, rest: &mut &[&str]) -> bool {
    let mut allowed = one(package, rest);
    while let ["AND", after @ ..] = rest {
        *rest = after;
        allowed &= one(package, rest);
    }
    allowed
}

fn one(package: &str, rest: &mut &[&str]) -> bool {
    match *rest {
        ["(", after @ ..] => {
            *rest = after;
            let allowed = any_of(package, rest);
            match rest {
                [")", after @ ..] => {
                    *rest = after;
                    allowed
                }
                _ => false,
            }
        }
        // An exception only takes conditions away.
        [licence, "WITH", _, after @ ..] | [licence, after @ ..] => {
            *rest = after;
            ALLOWED.contains(licence) || EXCEPTIONS.contains(&(package, licence))
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allowed_choice_is_enough_and_all_joined_ones_are_needed() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0-only",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(is_allowed("a", good), "{good}");
        }
        for bad in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT", "MIT MIT", "MPL-2.0"] {
            assert!(!is_allowed("a", bad), "{bad}");
        }
        assert!(is_allowed("option-ext", "MPL-2.0"));
    }

    #[test]
    fn deny_toml_allows_the_same_licences() {
        let text = include_str!("../../../deny.toml");
        let list = text.split_once("\nallow = [").and_then(|(_, after)| after.split_once(']'));
        let listed: Vec<&str> =
            list.map_or("", |(list, _)| list).split('"').skip(1).step_by(2).collect();
        assert_eq!(listed, ALLOWED);
    }
}
