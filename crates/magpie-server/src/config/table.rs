//! The key table: each section states its keys once, with doc comment, type, default and range,
//! and from that come the struct, the reader, the documentation and the example file.
//! Holds no keys of its own.

use std::ops::RangeInclusive;

use super::setting::{Raw, Setting};

/// What is known about a key besides its value.
#[derive(Debug, Clone)]
pub struct KeyDoc {
    /// The name inside its section.
    pub name: &'static str,
    /// The doc comment, line by line, as rustc hands it over (with a leading blank).
    pub doc: &'static [&'static str],
    /// The kind of value in words.
    pub kind: &'static str,
    /// Smallest and largest number allowed.
    pub range: Option<RangeInclusive<u64>>,
    /// A value for the commented example of a key without default.
    pub example: fn() -> &'static str,
}

impl KeyDoc {
    /// The doc comment as one paragraph.
    #[must_use]
    pub fn text(&self) -> String {
        paragraph(self.doc)
    }
}

/// Doc lines as one paragraph.
pub(crate) fn paragraph(lines: &[&str]) -> String {
    let words: Vec<_> =
        lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    words.join(" ")
}

/// One table of the configuration file.
pub trait Section {
    /// The name of its table, dotted when nested.
    fn name(&self) -> &'static str;

    /// Its doc comment, line by line.
    fn doc(&self) -> &'static [&'static str];

    /// Its keys, in the order of the documentation.
    fn keys(&self) -> Vec<KeyDoc>;

    /// Reads one key; `None` when there is no such key.
    fn set(&mut self, key: &str, raw: Raw<'_>) -> Option<Result<(), String>>;

    /// The value of a key in TOML; `None` when it is not set or unknown.
    fn show(&self, key: &str) -> Option<String>;
}

/// Judges a number against the range of its key.
pub(crate) fn check_range<T: Setting>(
    value: &T,
    range: &RangeInclusive<u64>,
) -> Result<(), String> {
    match value.number() {
        Some(number) if !range.contains(&number) => Err(format!(
            "{number} is out of range: allowed are {} to {}",
            range.start(),
            range.end()
        )),
        _ => Ok(()),
    }
}

/// Defines a section: `name: type = default, in range;` under each key's doc comment.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        $section:ident, $table:literal {
            $( $(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr $(, in $range:expr)?; )+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $section {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }

        impl $crate::config::table::Section for $section {
            fn name(&self) -> &'static str {
                $table
            }

            fn doc(&self) -> &'static [&'static str] {
                &[$($section_doc),+]
            }

            fn keys(&self) -> Vec<$crate::config::table::KeyDoc> {
                vec![$( $crate::config::table::KeyDoc {
                    name: stringify!($key),
                    doc: &[$($doc),+],
                    kind: <$type as $crate::config::setting::Setting>::KIND,
                    range: [$( ($range), )? ].into_iter().next(),
                    example: <$type as $crate::config::setting::Setting>::example,
                }, )+]
            }

            fn set(&mut self, key: &str, raw: $crate::config::setting::Raw<'_>) -> Option<Result<(), String>> {
                match key {
                    $( stringify!($key) => Some(
                        <$type as $crate::config::setting::Setting>::read(raw).and_then(|value| {
                            $( $crate::config::table::check_range(&value, &($range))?; )?
                            self.$key = value;
                            Ok(())
                        }),
                    ), )+
                    _ => None,
                }
            }

            fn show(&self, key: &str) -> Option<String> {
                match key {
                    $( stringify!($key) => $crate::config::setting::Setting::show(&self.$key), )+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use section;
