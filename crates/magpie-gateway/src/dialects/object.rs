//! A JSON object as its client wrote it: keys in their order, values as raw text, so that what we
//! do not know passes through untouched. Pure functions; used by market and miniapp.

use std::{borrow::Cow, fmt::Write as _};

use magpie_proto::scan;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// An object in its order.
#[derive(Debug)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A key that borrows when it can.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Object<'a> {
    /// Reads an object; of a key that comes twice the last one counts.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        scan::check(text).map_err(|error| error.to_string())?;
        serde_json::from_str::<Object<'a>>(text).map_err(|error| error.to_string())
    }

    /// The raw JSON of a value; `null` counts as absent.
    #[must_use]
    pub fn raw(&self, key: &str) -> Option<&str> {
        let value = self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_ref())?;
        (value != "null").then_some(value)
    }

    /// A value that names somebody: a string, or an integer taken as a string.
    ///
    /// # Errors
    /// It is there and is neither.
    pub fn id(&self, key: &str) -> Result<Option<Cow<'_, str>>, String> {
        let Some(raw) = self.raw(key) else { return Ok(None) };
        if let Some(text) = string(raw) {
            return Ok(Some(text.into()));
        }
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Some(raw.into()));
        }
        Err(format!("\"{key}\" must be a string or a whole number"))
    }

    /// Whether the key is there, with whatever value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(k, _)| k == key)
    }

    /// Puts a string in the place of the key's value, or at the end.
    pub fn set(&mut self, key: &'static str, value: &str) {
        let quoted = Cow::Owned(quote(value));
        match self.0.iter_mut().find(|(k, _)| k == key) {
            Some(slot) => slot.1 = quoted,
            None => self.0.push((Cow::Borrowed(key), quoted)),
        }
    }

    /// The object's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (index, (key, value)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            // Writing into a string cannot fail.
            let _ = write!(json, "{comma}{}:{value}", quote(key));
        }
        json.push('}');
        json
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(Cow<'de, str>, Cow<'de, str>)> = Vec::new();
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    let value = Cow::Borrowed(value.get());
                    match pairs.iter().position(|(k, _)| *k == key) {
                        Some(index) => pairs[index].1 = value,
                        None if pairs.len() < KEYS_MAX => pairs.push((key, value)),
                        None => return Err(serde::de::Error::custom("too many keys")),
                    }
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Most keys of one object: the search for a key is linear.
const KEYS_MAX: usize = 256;

/// The text of a JSON string; `None` for other JSON.
#[must_use]
pub fn string(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// A JSON string.
#[must_use]
pub fn quote(text: &str) -> String {
    // A string cannot fail to serialise.
    serde_json::to_string(text).unwrap_or_default()
}

/// JSON text as a value to keep beside a body; `None` when it is no JSON.
#[must_use]
pub fn raw_value(json: String) -> Option<Box<RawValue>> {
    RawValue::from_string(json).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_we_do_not_know_passes_as_it_came() {
        let text = r#"{"b":1.50,"toOpenid":17,"x":{"deep":[1,  2]},"content":"\u4f60"}"#;
        let mut object = Object::parse(text).unwrap();
        assert_eq!(object.id("toOpenid").unwrap().unwrap(), "17");
        object.set("fromOpenid", "a\"b");
        let expected = r#"{"b":1.50,"toOpenid":17,"x":{"deep":[1,  2]},"content":"\u4f60","fromOpenid":"a\"b"}"#;
        assert_eq!(object.to_json(), expected);
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_counts() {
        let mut object = Object::parse(r#"{"a":1,"a":"z","\u0061":"last"}"#).unwrap();
        assert_eq!(object.id("a").unwrap().unwrap(), "last");
        object.set("a", "new");
        assert_eq!(object.to_json(), r#"{"a":"new"}"#);
    }

    #[test]
    fn ids_are_strings_or_whole_numbers() {
        let object = Object::parse(r#"{"a":-1,"b":1.5,"c":null,"d":[],"e":"x","f":1e3}"#).unwrap();
        assert_eq!(object.id("a").unwrap().unwrap(), "-1");
        assert_eq!(object.id("c").unwrap(), None);
        assert_eq!(object.id("e").unwrap().unwrap(), "x");
        for key in ["b", "d", "f"] {
            assert!(object.id(key).is_err(), "{key}");
        }
    }

    #[test]
    fn hostile_objects_are_refused_in_words() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        let wide: String = (0..300).map(|n| format!("\"k{n}\":1,")).collect();
        let wide = format!("{{{}\"z\":1}}", wide);
        for bad in [deep.as_str(), &wide, "[]", "1", "{", r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#] {
            assert!(!Object::parse(bad).unwrap_err().is_empty(), "{bad}");
        }
    }
}
