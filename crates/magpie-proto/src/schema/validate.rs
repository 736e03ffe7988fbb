//! Holds a frame to the tables: every field known, none missing, each of its type.

use serde_json::{Map, Value};

use super::{Field, Frame, Is, Shape, Told, Ty, shapes};
use crate::client::INTEGER_MAX;

/// Judges one frame.
///
/// # Errors
/// What does not fit, with the path to it.
pub fn validate(frame: &Frame, value: &Value) -> Result<(), String> {
    let shapes = shapes();
    let judge = Judge { shapes: &shapes };
    let Value::Object(object) = value else { return Err("a frame is an object".into()) };
    let mut fields = object.clone();
    if fields.remove("t") != Some(Value::from(frame.t)) {
        return Err(format!("\"t\" is not {:?}", frame.t));
    }
    match (fields.remove("r"), frame.told) {
        (Some(_), Told::Event | Told::Durable) => return Err("an event has no \"r\"".into()),
        (Some(r), _) if !is_integer(&r) => return Err("\"r\" is a whole number".into()),
        _ => {}
    }
    let mut known = judge.fields_of(frame.base);
    known.extend(frame.fields);
    judge.object(&known, false, &fields, frame.t)
}

fn is_integer(value: &Value) -> bool {
    let fits = |number: u64| number <= INTEGER_MAX;
    value.as_u64().is_some_and(fits) || value.as_i64().is_some_and(|n| fits(n.unsigned_abs()))
}

struct Judge<'a> {
    shapes: &'a [Shape],
}

impl Judge<'_> {
    fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.iter().find(|shape| shape.name == name)
    }

    /// All fields of a shape, those that it takes over from another one included.
    fn fields_of(&self, name: Option<&str>) -> Vec<Field> {
        match name.and_then(|name| self.shape(name)).map(|shape| shape.is) {
            Some(Is::Object(fields) | Is::Open(fields)) => fields.to_vec(),
            Some(Is::More(base, fields)) => [self.fields_of(Some(base)), fields.to_vec()].concat(),
            _ => Vec::new(),
        }
    }

    fn object(
        &self,
        known: &[Field],
        open: bool,
        object: &Map<String, Value>,
        at: &str,
    ) -> Result<(), String> {
        for field in known {
            match object.get(field.name) {
                Some(value) => self.value(field.ty, value, &format!("{at}.{}", field.name))?,
                None if field.optional => {}
                None => return Err(format!("{at}: {:?} is missing", field.name)),
            }
        }
        let is_known = |key: &str| known.iter().any(|field| field.name == key);
        match object.keys().find(|key| !open && !is_known(key)) {
            Some(key) => Err(format!("{at}: {key:?} is not in the schema")),
            None => Ok(()),
        }
    }

    fn value(&self, ty: Ty, value: &Value, at: &str) -> Result<(), String> {
        let fits = match (ty, value) {
            (Ty::Any, _) | (Ty::Text, Value::String(_)) | (Ty::Bool, Value::Bool(_)) => true,
            (Ty::OrNull(_), Value::Null) | (Ty::Number, Value::Number(_)) => true,
            (Ty::Name(names), Value::String(text)) => names.contains(&text.as_str()),
            (Ty::Integer, number) => is_integer(number),
            (Ty::OrNull(ty), value) => return self.value(*ty, value, at),
            (Ty::List(ty), Value::Array(list)) => {
                return list.iter().try_for_each(|one| self.value(*ty, one, &format!("{at}[]")));
            }
            (Ty::Tuple(types), Value::Array(list)) if types.len() == list.len() => {
                let mut places = types.iter().zip(list).enumerate();
                return places
                    .try_for_each(|(n, (ty, one))| self.value(*ty, one, &format!("{at}[{n}]")));
            }
            (Ty::Shape(name), value) => return self.shaped(name, value, at),
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("{at} is {value}, not {ty:?}")) }
    }

    fn shaped(&self, name: &str, value: &Value, at: &str) -> Result<(), String> {
        let shape = self.shape(name).ok_or_else(|| format!("{at}: no shape {name:?}"))?;
        match (shape.is, value) {
            (Is::Alias(ty), value) => self.value(ty, value, at),
            (Is::OneOf(names), value) => {
                let all: Vec<_> = names.iter().map(|name| self.shaped(name, value, at)).collect();
                let wrong = || all.iter().filter_map(|one| one.clone().err()).collect::<Vec<_>>();
                if all.iter().any(Result::is_ok) { Ok(()) } else { Err(wrong().join("; or ")) }
            }
            (is, Value::Object(object)) => {
                let open = matches!(is, Is::Open(_));
                self.object(&self.fields_of(Some(name)), open, object, at)
            }
            _ => Err(format!("{at} is {value}, not an object")),
        }
    }
}
