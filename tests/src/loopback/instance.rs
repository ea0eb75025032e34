//! One instance of a JSON schema, chosen by a stream.

use rand::RngExt;
use rounds_environments::streams::Stream;
use serde_json::{Map, Value, json};

use super::draw;

/// Deepest nesting of an instance; a schema that needs more is refused.
const DEEPEST: usize = 32;
/// Nesting from which lists are as short as they may be and alternatives without references are
/// taken, so that recursive schemas end.
const DEEP: usize = 6;
/// Most values of an instance.
const MOST: usize = 100_000;
/// Longest list or text that is made.
const LONGEST: u64 = 100_000;
/// Keywords that this generator does not honour.
const UNSUPPORTED: [&str; 10] = [
    "not",
    "if",
    "pattern",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "minProperties",
    "patternProperties",
    "propertyNames",
    "$dynamicRef",
];

/// Why a schema has no instance here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// The keyword is not honoured.
    #[error("schema at {place}: the keyword {keyword} is not supported")]
    Unsupported {
        /// Where, as path of properties.
        place: String,
        /// Which keyword.
        keyword: String,
    },
    /// A part of the schema is not what a schema holds there.
    #[error("schema at {place}: expected {expected}")]
    Malformed {
        /// Where, as path of properties.
        place: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Nothing satisfies the schema.
    #[error("schema at {place}: nothing satisfies it: {why}")]
    Empty {
        /// Where, as path of properties.
        place: String,
        /// Why.
        why: &'static str,
    },
    /// Every instance nests too deep.
    #[error("schema at {place}: nests deeper than {DEEPEST}")]
    Deep {
        /// Where, as path of properties.
        place: String,
    },
    /// The instance has too many values.
    #[error("schema at {place}: its instance has more than {MOST} values")]
    Large {
        /// Where, as path of properties.
        place: String,
    },
}

/// An instance of `schema`: objects with their required keys, lists of `minItems` (one item where
/// it is not given), enums and numbers by the stream.
///
/// # Errors
/// [`InstanceError`] when the schema is malformed, has no instance or is beyond this generator.
pub fn instance(schema: &Value, stream: &mut Stream) -> Result<Value, InstanceError> {
    let mut maker = Maker {
        root: schema,
        stream,
        path: Vec::new(),
        left: MOST,
    };
    maker.value(schema, 0)
}

struct Maker<'a, 's> {
    root: &'a Value,
    stream: &'s mut Stream,
    path: Vec<String>,
    left: usize,
}

impl<'a> Maker<'a, '_> {
    fn place(&self) -> String {
        format!("/{}", self.path.join("/"))
    }

    fn malformed<T>(&self, expected: &'static str) -> Result<T, InstanceError> {
        let place = self.place();
        Err(InstanceError::Malformed { place, expected })
    }

    fn empty<T>(&self, why: &'static str) -> Result<T, InstanceError> {
        let place = self.place();
        Err(InstanceError::Empty { place, why })
    }

    fn below(
        &mut self,
        name: String,
        schema: &'a Value,
        depth: usize,
    ) -> Result<Value, InstanceError> {
        self.path.push(name);
        let value = self.value(schema, depth + 1);
        self.path.pop();
        value
    }

    fn value(&mut self, schema: &'a Value, depth: usize) -> Result<Value, InstanceError> {
        if depth > DEEPEST {
            let place = self.place();
            return Err(InstanceError::Deep { place });
        }
        let Some(left) = self.left.checked_sub(1) else {
            let place = self.place();
            return Err(InstanceError::Large { place });
        };
        self.left = left;
        let keys = match schema {
            Value::Bool(true) => return Ok(Value::Null),
            Value::Bool(false) => return self.empty("it is false"),
            Value::Object(keys) => keys,
            _ => return self.malformed("a schema, true or false"),
        };
        if let Some(keyword) = UNSUPPORTED.iter().find(|word| keys.contains_key(**word)) {
            return Err(InstanceError::Unsupported {
                place: self.place(),
                keyword: (*keyword).to_owned(),
            });
        }
        if let Some(value) = keys.get("const") {
            return Ok(value.clone());
        }
        if let Some(values) = keys.get("enum") {
            let Some(values) = values.as_array() else {
                return self.malformed("a list under enum");
            };
            if values.is_empty() {
                return self.empty("enum is an empty list");
            }
            return Ok(values[draw::index(self.stream, values.len())].clone());
        }
        if let Some(target) = keys.get("$ref") {
            return self.referred(target, depth);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(schemas) = keys.get(word) {
                return self.one_of(schemas, depth);
            }
        }
        if let Some(schemas) = keys.get("allOf") {
            return self.all_of(schemas, depth);
        }
        match self.kind(keys, depth)? {
            "object" => self.object(keys, depth),
            "array" => self.array(keys, depth),
            "string" => self.string(keys),
            "integer" => self.number(keys, true),
            "number" => self.number(keys, false),
            "boolean" => Ok(Value::Bool(draw::index(self.stream, 2) == 1)),
            "null" => Ok(Value::Null),
            _ => self.malformed("a JSON type under type"),
        }
    }

    fn kind(
        &mut self,
        keys: &'a Map<String, Value>,
        depth: usize,
    ) -> Result<&'a str, InstanceError> {
        match keys.get("type") {
            Some(Value::String(kind)) => Ok(kind),
            Some(Value::Array(kinds)) if !kinds.is_empty() => {
                let simple = kinds.iter().position(|kind| kind == "null");
                let index = match simple {
                    Some(index) if depth > DEEP => index,
                    _ => draw::index(self.stream, kinds.len()),
                };
                match kinds[index].as_str() {
                    Some(kind) => Ok(kind),
                    None => self.malformed("text under type"),
                }
            }
            Some(_) => self.malformed("text or a list of texts under type"),
            None if keys.contains_key("properties") => Ok("object"),
            None if keys.contains_key("items") => Ok("array"),
            None => Ok("string"),
        }
    }

    fn referred(&mut self, target: &Value, depth: usize) -> Result<Value, InstanceError> {
        let found = target
            .as_str()
            .and_then(|text| text.strip_prefix('#'))
            .and_then(|pointer| self.root.pointer(pointer));
        match found {
            Some(schema) => self.value(schema, depth + 1),
            None => self.malformed("a reference to a part of this schema under $ref"),
        }
    }

    fn one_of(&mut self, schemas: &'a Value, depth: usize) -> Result<Value, InstanceError> {
        let Some(schemas) = schemas.as_array().filter(|list| !list.is_empty()) else {
            return self.malformed("a list of schemas under anyOf or oneOf");
        };
        let plain: Vec<&Value> = schemas
            .iter()
            .filter(|schema| !schema.to_string().contains("\"$ref\""))
            .collect();
        if depth > DEEP && !plain.is_empty() {
            let index = draw::index(self.stream, plain.len());
            return self.value(plain[index], depth + 1);
        }
        let index = draw::index(self.stream, schemas.len());
        self.value(&schemas[index], depth + 1)
    }

    /// Objects that are made part by part; other parts must be alone.
    fn all_of(&mut self, schemas: &'a Value, depth: usize) -> Result<Value, InstanceError> {
        let Some(schemas) = schemas.as_array().filter(|list| !list.is_empty()) else {
            return self.malformed("a list of schemas under allOf");
        };
        if let [schema] = schemas.as_slice() {
            return self.value(schema, depth + 1);
        }
        let mut all = Map::new();
        for schema in schemas {
            match self.value(schema, depth + 1)? {
                Value::Object(part) => all.extend(part),
                _ => return self.malformed("schemas of objects under allOf"),
            }
        }
        Ok(Value::Object(all))
    }

    fn object(
        &mut self,
        keys: &'a Map<String, Value>,
        depth: usize,
    ) -> Result<Value, InstanceError> {
        let required = match keys.get("required") {
            None => &[][..],
            Some(Value::Array(names)) => names.as_slice(),
            Some(_) => return self.malformed("a list under required"),
        };
        let properties = match keys.get("properties") {
            None => None,
            Some(Value::Object(properties)) => Some(properties),
            Some(_) => return self.malformed("an object under properties"),
        };
        let mut object = Map::new();
        for name in required {
            let Some(name) = name.as_str() else {
                return self.malformed("texts under required");
            };
            let value = match properties.and_then(|all| all.get(name)) {
                Some(schema) => self.below(name.to_owned(), schema, depth)?,
                None => Value::Null,
            };
            object.insert(name.to_owned(), value);
        }
        Ok(Value::Object(object))
    }

    fn array(
        &mut self,
        keys: &'a Map<String, Value>,
        depth: usize,
    ) -> Result<Value, InstanceError> {
        let least = self.count(keys, "minItems")?;
        let most = self.count(keys, "maxItems")?.unwrap_or(u64::MAX);
        let usual = if depth > DEEP { 0 } else { 1.min(most) };
        let length = least.unwrap_or(usual);
        if length > most {
            return self.empty("minItems is above maxItems");
        }
        let first = match keys.get("prefixItems") {
            None => &[][..],
            Some(Value::Array(schemas)) => schemas.as_slice(),
            Some(_) => return self.malformed("a list of schemas under prefixItems"),
        };
        let unique = keys.get("uniqueItems").and_then(Value::as_bool) == Some(true);
        let mut items: Vec<Value> = Vec::new();
        let mut tries = 0;
        while (items.len() as u64) < length {
            let index = items.len();
            let item = match first.get(index).or_else(|| keys.get("items")) {
                Some(schema) => self.below(index.to_string(), schema, depth)?,
                None => json!(draw::words(self.stream, 1)),
            };
            tries += 1;
            if !unique || !items.contains(&item) {
                items.push(item);
            } else if tries > 100 * length {
                return self.empty("too few different items");
            }
        }
        Ok(Value::Array(items))
    }

    fn string(&mut self, keys: &'a Map<String, Value>) -> Result<Value, InstanceError> {
        let least = self.count(keys, "minLength")?.unwrap_or(0);
        let most = self.count(keys, "maxLength")?.unwrap_or(u64::MAX);
        if least > most {
            return self.empty("minLength is above maxLength");
        }
        let day = draw::index(self.stream, 28) + 1;
        let mut text = match keys.get("format").and_then(Value::as_str) {
            None => draw::words(self.stream, 3),
            Some("date") => format!("2030-01-{day:02}"),
            Some("time") => format!("{:02}:00:00Z", day % 24),
            Some("date-time") => format!("2030-01-{day:02}T12:00:00Z"),
            Some("email") => format!("{}@example.org", draw::words(self.stream, 1)),
            Some("uri") => format!("https://example.org/{day}"),
            Some("uuid") => format!("{:08x}-0000-4000-8000-000000000000", day),
            Some(_) => return self.malformed("a format that is known here"),
        };
        // The words are ASCII, so bytes are characters.
        while (text.len() as u64) < least {
            text.push(' ');
            text.push_str(&draw::words(self.stream, 1));
        }
        text.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(Value::String(text))
    }

    fn count(
        &self,
        keys: &Map<String, Value>,
        name: &'static str,
    ) -> Result<Option<u64>, InstanceError> {
        match keys.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) if name.starts_with("max") || count <= LONGEST => Ok(Some(count)),
                _ => self.malformed("a whole number, of at most 100000 for a minimum"),
            },
        }
    }

    fn number(
        &mut self,
        keys: &'a Map<String, Value>,
        integer: bool,
    ) -> Result<Value, InstanceError> {
        let bound = |name: &str| keys.get(name).and_then(Value::as_f64);
        let step = bound("multipleOf").filter(|step| *step > 0.0);
        // Multiples of the step that lie within the bounds; a number is a multiple of 1/8.
        let step = step.unwrap_or(if integer { 1.0 } else { 0.125 });
        let lo = match (bound("minimum"), bound("exclusiveMinimum")) {
            (_, Some(over)) => Some((over / step).floor() + 1.0),
            (Some(least), None) => Some((least / step).ceil()),
            (None, None) => None,
        };
        let hi = match (bound("maximum"), bound("exclusiveMaximum")) {
            (_, Some(under)) => Some((under / step).ceil() - 1.0),
            (Some(most), None) => Some((most / step).floor()),
            (None, None) => None,
        };
        let lo = lo.unwrap_or_else(|| hi.map_or(0.0, |hi| hi.min(0.0)));
        let hi = hi.unwrap_or(lo + 100.0);
        if lo > hi {
            return self.empty("no number lies between its bounds");
        }
        let steps = (hi - lo).min(1e6) as u64;
        let value = (lo + self.stream.random_range(0..=steps) as f64) * step;
        if integer || value.fract() == 0.0 {
            return Ok(json!(value as i64));
        }
        Ok(json!(value))
    }
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
