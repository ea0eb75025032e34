//! A bundle: its resources, their references, and what is wrong where.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::instant::Instant;

/// What is wrong with a bundle, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Path in the document, such as `entry[3].resource.period`.
    pub(super) place: String,
    /// What was expected and found.
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

/// The resources of a bundle.
#[derive(Debug)]
pub(super) struct Bundle<'a> {
    /// In the order of the bundle.
    pub(super) resources: Vec<Resource<'a>>,
    /// Positions by every text that may refer to them.
    known: BTreeMap<String, usize>,
}

/// One resource.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    /// Path in the document.
    pub(super) place: String,
    /// Its type.
    pub(super) kind: &'a str,
    /// Its name in the whole world: the full address of its entry, or type and id.
    pub(super) name: String,
    value: &'a Map<String, Value>,
}

/// The type of a value in words.
fn described(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Null) => "nothing",
        Some(Value::Bool(_)) => "true or false",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a text",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    }
}

impl<'a> Bundle<'a> {
    /// The resources of a document.
    pub(super) fn new(document: &'a Value) -> Result<Self, Fault> {
        let Value::Object(root) = document else {
            let got = described(Some(document));
            return Err(Fault::new(
                "document",
                format!("expected a Bundle, got {got}"),
            ));
        };
        match root.get("resourceType") {
            Some(Value::String(kind)) if kind == "Bundle" => {}
            Some(Value::String(kind)) => {
                let message = format!("expected `Bundle`, got `{kind}`");
                return Err(Fault::new("resourceType", message));
            }
            other => {
                let hint = if root.contains_key("OSCE_Examination") {
                    "; an AgentClinic case is read by `rounds data import agentclinic`"
                } else {
                    ""
                };
                let got = described(other);
                let message = format!("expected `Bundle`, got {got}{hint}");
                return Err(Fault::new("resourceType", message));
            }
        }
        let entries = match root.get("entry") {
            Some(Value::Array(entries)) => entries.as_slice(),
            // A bundle without entries leaves the list out.
            None => &[],
            other => {
                let message = format!("expected a list, got {}", described(other));
                return Err(Fault::new("entry", message));
            }
        };
        let mut bundle = Self {
            resources: Vec::with_capacity(entries.len()),
            known: BTreeMap::new(),
        };
        for (at, entry) in entries.iter().enumerate() {
            let place = format!("entry[{at}].resource");
            let Some(Value::Object(value)) = entry.get("resource") else {
                let got = described(entry.get("resource"));
                return Err(Fault::new(place, format!("expected an object, got {got}")));
            };
            let Some(Value::String(kind)) = value.get("resourceType") else {
                let got = described(value.get("resourceType"));
                let place = format!("{place}.resourceType");
                return Err(Fault::new(place, format!("expected a text, got {got}")));
            };
            let url = entry.get("fullUrl").and_then(Value::as_str);
            let id = value.get("id").and_then(Value::as_str);
            let relative = id.map(|id| format!("{kind}/{id}"));
            let names = [
                url.map(str::to_owned),
                relative.clone(),
                id.map(|id| format!("urn:uuid:{id}")),
            ];
            for name in names.into_iter().flatten() {
                bundle.known.entry(name).or_insert(at);
            }
            bundle.resources.push(Resource {
                name: url
                    .map(str::to_owned)
                    .or(relative)
                    .unwrap_or_else(|| place.clone()),
                place,
                kind,
                value,
            });
        }
        Ok(bundle)
    }

    /// Resources of one type, with their positions.
    pub(super) fn of<'b>(
        &'b self,
        kind: &'b str,
    ) -> impl Iterator<Item = (usize, &'b Resource<'a>)> + 'b {
        let all = self.resources.iter().enumerate();
        all.filter(move |(_, resource)| resource.kind == kind)
    }

    /// The position that `reference` of a resource names; `None` when it names none of these.
    pub(super) fn target(&self, resource: &Resource<'_>, reference: &str) -> Option<usize> {
        let text = resource.value.get(reference)?.get("reference")?.as_str()?;
        self.known.get(text).copied().or_else(|| {
            // An absolute address ends with type and id.
            let mut parts = text.rsplit('/');
            let (id, kind) = (parts.next()?, parts.next()?);
            self.known.get(&format!("{kind}/{id}")).copied()
        })
    }

    /// Whether a resource is of the patient at `patient`: it says so, or there is no other.
    pub(super) fn is_of(&self, resource: &Resource<'_>, patient: usize) -> bool {
        let named = self
            .target(resource, "subject")
            .or_else(|| self.target(resource, "patient"));
        match named {
            Some(named) => named == patient,
            None => self.of("Patient").count() == 1,
        }
    }
}

impl<'a> Resource<'a> {
    /// A part of the resource.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key)
    }

    /// A text of the resource.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Value::as_str)
    }

    /// The words of a coded concept, or of the first of a list of them.
    pub(super) fn concept(&self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        words(value.get(0).unwrap_or(value))
    }

    /// The first time that one of `paths` (dotted) holds.
    ///
    /// # Errors
    /// A [`Fault`] for a text that is no time.
    pub(super) fn when(&self, paths: &[&str]) -> Result<Option<Instant>, Fault> {
        for path in paths {
            let mut parts = path.split('.');
            let first = parts.next().and_then(|part| self.get(part));
            let found = parts.fold(first, |value, part| value?.get(part));
            let Some(found) = found else { continue };
            let at = found.as_str().and_then(Instant::parse);
            return at.map(Some).ok_or_else(|| {
                let got = match found.as_str() {
                    Some(text) => format!("`{text}`"),
                    None => described(Some(found)).to_owned(),
                };
                let message = format!("expected a FHIR date or dateTime, got {got}");
                Fault::new(format!("{}.{path}", self.place), message)
            });
        }
        Ok(None)
    }
}

/// The words of a coded concept: its text, else what its first code displays, else that code.
pub(super) fn words(concept: &Value) -> Option<String> {
    let coding = concept.get("coding").and_then(|codings| codings.get(0));
    let part = |key: &str| coding.and_then(|coding| coding.get(key));
    let found = concept
        .get("text")
        .or_else(|| part("display"))
        .or_else(|| part("code"))
        .and_then(Value::as_str)?;
    (!found.trim().is_empty()).then(|| found.trim().to_owned())
}
