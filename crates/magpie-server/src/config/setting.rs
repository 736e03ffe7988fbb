//! How one kind of value is read from TOML or from an environment text, and written back.
//! Used by the `section!` tables; knows neither files nor keys.

use std::{net::SocketAddr, path::PathBuf};

use toml::de::DeValue;

/// A value as it was found, before it is known what it should be.
#[derive(Clone, Copy)]
pub enum Raw<'a> {
    /// From a file.
    Toml(&'a DeValue<'a>),
    /// From the environment or a flag.
    Text(&'a str),
}

impl Raw<'_> {
    /// What was found, for an error text; secrets never come here.
    fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", shorten(text)),
            Self::Toml(DeValue::String(text)) => format!("\"{}\"", shorten(text)),
            Self::Toml(DeValue::Integer(number)) => number.to_string(),
            Self::Toml(DeValue::Float(number)) => number.as_str().to_owned(),
            Self::Toml(DeValue::Boolean(flag)) => flag.to_string(),
            Self::Toml(DeValue::Array(_)) => "a list".to_owned(),
            Self::Toml(DeValue::Table(_)) => "a table".to_owned(),
            Self::Toml(DeValue::Datetime(_)) => "a date".to_owned(),
        }
    }

    /// The text, if it is one.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Toml(value) => value.as_str(),
        }
    }

    /// "expected X, found Y".
    pub(crate) fn expected(&self, what: &str) -> String {
        format!("expected {what}, found {}", self.describe())
    }
}

fn shorten(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    if text.chars().count() <= SHOWN_CHARS {
        return text.escape_debug().to_string();
    }
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{}...", head.escape_debug())
}

/// A kind of value that a key can have.
pub trait Setting: Sized {
    /// The kind in words, for the documentation and for error texts.
    const KIND: &'static str;

    /// Reads a value.
    ///
    /// # Errors
    /// A text that says what was expected and what was found.
    fn read(raw: Raw<'_>) -> Result<Self, String>;

    /// The value in TOML; `None` when it is not set.
    fn show(&self) -> Option<String>;

    /// The value as a number, to be compared with the key's range.
    fn number(&self) -> Option<u64> {
        None
    }

    /// A value to show in a commented example when there is no default.
    fn example() -> &'static str {
        "\"\""
    }
}

macro_rules! whole_number {
    ($($type:ty),+) => {$(
        impl Setting for $type {
            const KIND: &'static str = "a whole number";

            fn read(raw: Raw<'_>) -> Result<Self, String> {
                let found = match raw {
                    Raw::Text(text) => text.trim().parse::<$type>().ok(),
                    Raw::Toml(DeValue::Integer(number)) => {
                        <$type>::from_str_radix(number.as_str(), number.radix()).ok()
                    }
                    Raw::Toml(_) => None,
                };
                found.ok_or_else(|| raw.expected(Self::KIND))
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }

            fn number(&self) -> Option<u64> {
                u64::try_from(*self).ok()
            }
        }
    )+};
}

whole_number!(u32, u64, usize);

impl Setting for bool {
    const KIND: &'static str = "true or false";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Toml(DeValue::Boolean(flag)) => Ok(*flag),
            Raw::Text("true") => Ok(true),
            Raw::Text("false") => Ok(false),
            _ => Err(raw.expected(Self::KIND)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for String {
    const KIND: &'static str = "a text";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.text().map(str::to_owned).ok_or_else(|| raw.expected(Self::KIND))
    }

    fn show(&self) -> Option<String> {
        Some(quote(self))
    }
}

impl Setting for PathBuf {
    const KIND: &'static str = "a path";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some(text) if !text.is_empty() && !text.contains('\0') => Ok(text.into()),
            _ => Err(raw.expected(Self::KIND)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quote(&self.to_string_lossy()))
    }
}

impl Setting for SocketAddr {
    const KIND: &'static str = "an address with a port, like 127.0.0.1:8080 or [::]:8080";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = raw.text().ok_or_else(|| raw.expected(Self::KIND))?;
        // The one name that needs no resolver and that people type.
        let spelled =
            text.trim().strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let text = spelled.as_deref().unwrap_or(text.trim());
        text.parse().ok().ok_or_else(|| raw.expected(Self::KIND))
    }

    fn show(&self) -> Option<String> {
        Some(quote(&self.to_string()))
    }
}

/// Not set unless somebody sets it; the empty text means "not set" too.
impl<T: Setting> Setting for Option<T> {
    const KIND: &'static str = T::KIND;

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        if raw.text() == Some("") {
            return Ok(None);
        }
        T::read(raw).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }

    fn number(&self) -> Option<u64> {
        self.as_ref().and_then(T::number)
    }

    fn example() -> &'static str {
        T::example()
    }
}

/// A list; in the environment its entries are separated by commas.
impl<T: Setting> Setting for Vec<T> {
    const KIND: &'static str = "a list";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => text
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .map(|entry| T::read(Raw::Text(entry)))
                .collect(),
            Raw::Toml(DeValue::Array(entries)) => {
                entries.iter().map(|entry| T::read(Raw::Toml(entry.get_ref()))).collect()
            }
            Raw::Toml(_) => Err(raw.expected(&format!("a list; each entry is {}", T::KIND))),
        }
    }

    fn show(&self) -> Option<String> {
        let entries: Vec<_> = self.iter().filter_map(T::show).collect();
        Some(format!("[{}]", entries.join(", ")))
    }
}

/// A text in TOML.
pub(crate) fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// An enum with fixed names: its `Setting`, and the names in one place.
macro_rules! names {
    (
        $(#[doc = $doc:literal])+
        pub enum $type:ident {
            $( $(#[doc = $variant_doc:literal])+ $(#[$attribute:meta])? $variant:ident = $name:literal, )+
        }
        kind $kind:literal
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $type {
            $( $(#[doc = $variant_doc])+ $(#[$attribute])? $variant, )+
        }

        impl $type {
            /// The name in configuration.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }
        }

        impl $crate::config::setting::Setting for $type {
            const KIND: &'static str = $kind;

            fn read(raw: $crate::config::setting::Raw<'_>) -> Result<Self, String> {
                let text = <String as $crate::config::setting::Setting>::read(raw)
                    .ok()
                    .ok_or_else(|| raw.expected(Self::KIND))?;
                match text.as_str() {
                    $( $name => Ok(Self::$variant), )+
                    _ => Err(raw.expected(Self::KIND)),
                }
            }

            fn show(&self) -> Option<String> {
                Some($crate::config::setting::quote(self.as_str()))
            }
        }
    };
}

pub(crate) use names;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn texts_of_the_environment_become_values() {
        assert_eq!(u64::read(Raw::Text(" 12 ")), Ok(12));
        assert_eq!(bool::read(Raw::Text("true")), Ok(true));
        assert_eq!(Vec::<u32>::read(Raw::Text("1, 2,,3")), Ok(vec![1, 2, 3]));
        assert_eq!(Vec::<u32>::read(Raw::Text("")), Ok(vec![]));
        assert_eq!(Option::<PathBuf>::read(Raw::Text("")), Ok(None));
        assert_eq!(
            SocketAddr::read(Raw::Text("localhost:80")).unwrap().to_string(),
            "127.0.0.1:80"
        );
    }

    #[test]
    fn a_wrong_value_says_what_was_expected_and_what_was_found() {
        let error = |result: Result<u64, String>| result.unwrap_err();
        assert_eq!(error(u64::read(Raw::Text("ten"))), "expected a whole number, found \"ten\"");
        assert_eq!(error(u64::read(Raw::Text("-1"))), "expected a whole number, found \"-1\"");
        let text = bool::read(Raw::Text("yes")).unwrap_err();
        assert_eq!(text, "expected true or false, found \"yes\"");
        let long = bool::read(Raw::Text(&"a\n".repeat(400))).unwrap_err();
        assert!(long.len() < 200 && !long.contains('\n'), "{long}");
    }
}
